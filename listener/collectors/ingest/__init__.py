"""What other programs send, signed, to POST /ingest."""
