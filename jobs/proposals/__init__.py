"""Proposals: asking for one (`services`), making it (`work`), reading them (`queries`). Faces import these modules."""
