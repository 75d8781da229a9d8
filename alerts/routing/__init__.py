"""Between an event and its messages: on which channels, when, together with what, and whether at all.

The stages and their names are Alertmanager's: routes, grouping, inhibition, silences, and quiet hours beside them.
"""
