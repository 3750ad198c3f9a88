"""TELL: what people should know, on their page, by e-mail and to webhooks; and whether it arrived."""
