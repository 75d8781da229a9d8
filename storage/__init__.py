"""KEEP AND COUNT: mentions in, KPI values out."""
