"""Leads as a CRM knows them: HubSpot, Salesforce, and a table of your own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from listener.imports.forms import Form
from listener.imports.networks import KNOWN, network_of
from listener.imports.row import BadRow, Row
from storage.measures import Lead

# HubSpot's lifecycle stages and Salesforce's lead statuses as they are delivered; what is unknown stays as written.
_STAGES = {
    "lead": "lead new open subscriber open_-_not_contacted working working_-_contacted contacted attempting_to_contact",
    "mql": "mql marketing_qualified_lead marketingqualifiedlead",
    "sql": "sql sales_qualified_lead salesqualifiedlead qualified sales_accepted_lead",
    "opportunity": "opportunity closed_-_converted converted proposal negotiation",
    "customer": "customer evangelist sale sold won closed_won closedwon closed_-_won",
    "lost": "lost unqualified closed_lost closedlost closed_-_lost closed_-_not_converted disqualified nurturing_lost",
}
_BY_NAME = {name: stage for stage, names in _STAGES.items() for name in names.split()}
_MANGLED = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+", re.IGNORECASE)


def stage_of(text: str) -> str:
    """Our word for a stage: lead, mql, sql, opportunity, customer or lost; else as written, in lower case."""
    folded = " ".join(text.casefold().split())
    return _BY_NAME.get(folded.replace(" ", "_"), folded)


def _lead(row: Row) -> Iterator[Lead]:
    created = row.moment("created")
    if created is None:
        raise BadRow("has no created")
    revenue = row.amount("revenue")
    # What a drill-down names is the network itself; the source above it may be only "Organic Social".
    detail = row.label("detail")
    source = detail if network_of(detail) in KNOWN else row.label("source")
    yield Lead(
        lead_id=_id(row),
        created_at=created,
        stage=stage_of(row.label("stage")) or "lead",
        stage_at=row.moment("stage_at") or created,
        network=network_of(source) or row.wish.network,
        campaign=row.label("campaign"),
        revenue=revenue,
        currency=None if revenue is None else row.currency("revenue"),
    )


def _id(row: Row) -> str:
    text = row.label("lead_id")
    if not text:
        raise BadRow("has no lead_id")
    if _MANGLED.fullmatch(text):
        raise BadRow(f"lead_id {text[:40]!r} was rounded by a spreadsheet; export it again as text")
    # An address is somebody's own: what is kept only tells one lead from another.
    return hashlib.sha256(text.casefold().encode()).hexdigest()[:32] if "@" in text else text


FORMS = (
    Form(
        "HubSpot contacts",
        {
            "lead_id": ("record id", "contact id"),
            "created": ("create date",),
            "source": ("original source", "original traffic source"),
            "detail": ("original source drill-down 1", "original traffic source drill-down 1"),
            "stage": ("lifecycle stage",),
            "stage_at": ("date entered current stage", "last modified date"),
            "campaign": ("original source drill-down 2", "original traffic source drill-down 2"),
            "revenue": ("total revenue",),
            "currency": ("currency",),
        },
        ("lead_id", "created", "stage"),
        _lead,
    ),
    Form(
        "Salesforce leads",
        {
            "lead_id": ("lead id",),
            "created": ("create date", "created date"),
            "source": ("lead source",),
            "stage": ("lead status", "status"),
            "stage_at": ("converted date", "last modified", "last modified date"),
            "campaign": ("campaign name",),
            "revenue": ("opportunity amount", "amount"),
            "currency": ("lead currency", "opportunity amount currency", "amount currency"),
        },
        ("lead_id", "created", "stage", "source"),
        _lead,
    ),
    Form(
        "a table of leads",
        {
            "lead_id": ("lead id",),
            "created": ("created",),
            "source": ("source", "utm source", "network"),
            "stage": ("stage",),
            "stage_at": ("stage at",),
            "campaign": ("campaign", "utm campaign"),
            "revenue": ("revenue",),
            "currency": ("currency",),
        },
        ("lead_id", "created", "stage"),
        _lead,
        by_map=True,
    ),
)
