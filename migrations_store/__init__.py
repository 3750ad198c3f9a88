"""WHAT: projects, where their code comes from, snapshots of it, and the static revision graph."""
