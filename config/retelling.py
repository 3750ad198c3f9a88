"""The rooms below the faces speak English: so do the API, the log and the record. For a reader of another language their sentences are
told again, when they are shown."""


def told(sentence: str) -> str:
    """The sentence in the active language; as it is where that is English or nothing is known of it."""
    return sentence
