"""A hash of a database's schema without its version table: equal before and after means that nothing was left half-made.

Each object is one line of text. The lines are sorted here, so that the order in which a server answers does not count.
"""

import hashlib

from sqlalchemy import Connection, text

EMPTY = hashlib.sha256().hexdigest()  # of a SQLite file in which nothing was made; a server's databases always hold something

SQLITE = text("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE lower(tbl_name) <> lower(:version_table)")

# Objects of extensions count by the extension's name and version, objects of the system not at all. All is taken as the catalogue
# stores it: to have the server write an index or a view as SQL (pg_get_indexdef and its kin) waits for locks on its tables, and a
# migration that runs meanwhile could end in a deadlock. What was dropped and made anew so counts as changed.
POSTGRESQL = text(
    r"""
WITH ours AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), extension_owned AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relation AS (
  SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
         c.relpartbound, n.nspname
  FROM pg_class c JOIN ours n ON n.oid = c.relnamespace
  WHERE NOT EXISTS (SELECT FROM extension_owned e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
    AND c.oid <> :version_table
    AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = c.oid AND i.indrelid = :version_table)
)
SELECT concat_ws('|', 'schema', nspname) FROM ours
UNION ALL SELECT concat_ws('|', 'extension', extname, extversion) FROM pg_extension
UNION ALL SELECT concat_ws('|', 'relation', nspname, relname, relkind, relpersistence, array_to_string(reloptions, ','), relrowsecurity,
         relforcerowsecurity, relispartition, relpartbound) FROM relation
UNION ALL SELECT concat_ws('|', 'column', r.nspname, r.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
         a.attidentity, a.attgenerated, a.attcollation, d.adbin)
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'i'
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL SELECT concat_ws('|', 'index', r.nspname, r.relname, to_jsonb(i) - '{indexrelid,indcheckxmin}'::text[])
  FROM relation r JOIN pg_index i ON i.indexrelid = r.oid
UNION ALL SELECT concat_ws('|', 'constraint', n.nspname, to_jsonb(c) - '{oid,conindid}'::text[])
  FROM pg_constraint c JOIN ours n ON n.oid = c.connamespace WHERE c.conrelid = 0 OR c.conrelid <> :version_table
UNION ALL SELECT concat_ws('|', 'view', r.nspname, r.relname, w.ev_action)
  FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid AND r.relkind IN ('v', 'm')
UNION ALL SELECT concat_ws('|', 'sequence', r.nspname, r.relname, s.seqtypid, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcycle)
  FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
UNION ALL SELECT concat_ws('|', 'enum', n.nspname, t.typname, (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e
         WHERE e.enumtypid = t.oid))
  FROM pg_type t JOIN ours n ON n.oid = t.typnamespace WHERE t.typtype = 'e'
UNION ALL SELECT concat_ws('|', 'domain', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault)
  FROM pg_type t JOIN ours n ON n.oid = t.typnamespace WHERE t.typtype = 'd'
UNION ALL SELECT concat_ws('|', 'function', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid),
         p.prokind, p.provolatile, p.prosecdef, p.proisstrict, p.probin, p.prosrc)
  FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM extension_owned e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
UNION ALL SELECT concat_ws('|', 'trigger', r.nspname, r.relname, to_jsonb(t) - 'oid')
  FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL SELECT concat_ws('|', 'rule', r.nspname, r.relname, to_jsonb(w) - 'oid')
  FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
UNION ALL SELECT concat_ws('|', 'policy', r.nspname, r.relname, to_jsonb(p) - 'oid')
  FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL SELECT concat_ws('|', 'comment', r.nspname, r.relname, d.objsubid, d.description)
  FROM relation r JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = r.oid
"""
)
VERSION_TABLE_OID = text("SELECT coalesce(to_regclass(:name)::oid::bigint, 0)")

MYSQL = text(
    """
SELECT CONCAT_WS('|', 'table', table_name, table_type, engine, table_collation, table_comment) FROM information_schema.tables
  WHERE table_schema = :schema AND table_name <> :version_table
UNION ALL SELECT CONCAT_WS('|', 'column', table_name, column_name, column_type, is_nullable, column_default, extra,
         collation_name, column_comment)
  FROM information_schema.columns WHERE table_schema = :schema AND table_name <> :version_table
UNION ALL SELECT CONCAT_WS('|', 'index', table_name, index_name, non_unique, seq_in_index, column_name, sub_part, index_type)
  FROM information_schema.statistics WHERE table_schema = :schema AND table_name <> :version_table
UNION ALL SELECT CONCAT_WS('|', 'constraint', table_name, constraint_name, constraint_type)
  FROM information_schema.table_constraints WHERE table_schema = :schema AND table_name <> :version_table
UNION ALL SELECT CONCAT_WS('|', 'foreign key', table_name, constraint_name, column_name, referenced_table_name, referenced_column_name)
  FROM information_schema.key_column_usage WHERE table_schema = :schema AND referenced_table_name IS NOT NULL
UNION ALL SELECT CONCAT_WS('|', 'reference', constraint_name, update_rule, delete_rule)
  FROM information_schema.referential_constraints WHERE constraint_schema = :schema
UNION ALL SELECT CONCAT_WS('|', 'check', constraint_name, check_clause)
  FROM information_schema.check_constraints WHERE constraint_schema = :schema
UNION ALL SELECT CONCAT_WS('|', 'view', table_name, view_definition) FROM information_schema.views WHERE table_schema = :schema
UNION ALL SELECT CONCAT_WS('|', 'trigger', trigger_name, event_object_table, event_manipulation, action_timing, action_statement)
  FROM information_schema.triggers WHERE trigger_schema = :schema
UNION ALL SELECT CONCAT_WS('|', 'routine', routine_name, routine_type, routine_definition)
  FROM information_schema.routines WHERE routine_schema = :schema
"""
)


def take(connection: Connection, *, version_table: str, schema: str) -> str:
    """The hash, in hexadecimal. `schema` is the version table's, "" for the connection's own."""
    kinds = {"postgresql": _postgresql, "sqlite": _sqlite}
    lines = kinds.get(connection.dialect.name, _mysql)(connection, version_table, schema)
    digest = hashlib.sha256()
    for line in sorted(lines):
        digest.update(f"{len(line)}:{line}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sqlite(connection: Connection, version_table: str, schema: str) -> list[str]:
    return ["|".join(str(part) for part in row) for row in connection.execute(SQLITE, {"version_table": version_table})]


def _postgresql(connection: Connection, version_table: str, schema: str) -> list[str]:
    quoted = connection.dialect.identifier_preparer.quote_identifier
    name = ".".join(quoted(part) for part in (schema, version_table) if part)
    oid = connection.execute(VERSION_TABLE_OID, {"name": name}).scalar_one()
    connection.execute(text("SET LOCAL search_path = pg_catalog"))  # names in definitions then always have their schema
    return [str(line) for line in connection.execute(POSTGRESQL, {"version_table": oid}).scalars()]


def _mysql(connection: Connection, version_table: str, schema: str) -> list[str]:
    name = connection.execute(text("SELECT DATABASE()")).scalar_one()
    return [str(line) for line in connection.execute(MYSQL, {"schema": name, "version_table": version_table}).scalars()]
