#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import trouble

    if "--traceback" in sys.argv:
        return execute_from_command_line(sys.argv)
    try:
        with trouble.told():
            execute_from_command_line(sys.argv)
    except trouble.CannotServe as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
