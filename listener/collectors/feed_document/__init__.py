"""Reads documents of feeds for whoever listens to some: RSS, Atom, RDF and JSON Feed, in any encoding and state."""
