"""A chosen set of KPIs as a page to hand on: what is counted (gather), what is said of it (wording), how it looks."""
