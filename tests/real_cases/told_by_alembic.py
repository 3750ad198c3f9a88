"""`python told_by_alembic.py INI SCRIPT_LOCATION` in a case's own environment: the last line is the graph as Alembic sees it, in JSON."""

import json
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory

ini, location = sys.argv[1:]
config = Config(ini or None)
if location:
    config.set_main_option("script_location", location)
directory = ScriptDirectory.from_config(config)
revisions = {
    script.revision: {
        "down_revisions": sorted(script._versioned_down_revisions),
        "depends_on": sorted(script._resolved_dependencies),
        "branch_labels": sorted(script._orig_branch_labels),
        "is_head": script.is_head,
        "is_effective_head": script.is_head and not script._is_real_head,
        "is_base": script.is_base,
        "is_merge": script.is_merge_point,
        "is_branch_point": script.is_branch_point,
    }
    for script in directory.walk_revisions()
}
told = {"revisions": revisions, "heads": sorted(directory.get_heads()), "bases": sorted(directory.get_bases())}
sys.stdout.write(f"{json.dumps(told)}\n")
