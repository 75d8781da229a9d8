"""TELL: KPI values in, messages out."""
