"""What is dangerous about a revision, by the text of its file and by the SQL that it makes; nothing of it is executed.

Two readers (`code`, `sql`) turn a text into `Change`s, and the rules of `registry` look at these. docs/findings.md lists the rules.
"""
