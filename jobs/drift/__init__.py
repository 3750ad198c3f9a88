"""Models against databases: what checks found (`comparisons`), asking for them everywhere (`everywhere`), calling a difference noise
(`ignoring`), and reading all of it (`queries`). Faces import these modules."""
