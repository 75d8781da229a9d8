"""The weekly letter: facts gathered, composed into content, rendered three ways."""
