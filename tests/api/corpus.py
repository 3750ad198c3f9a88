"""Hostile and malformed values, by what they are sent as."""

PASSWORD = "Kanari-4711-Vogel"
HALF_PAIR = "\ud800"

NOWHERE = [
    "", "/", "/nothing", "/projects/", "/projects/none", "/projects/%ff", "/projects/" + "a" * 3000, "/projects/shop%0a",
    "/projects/none/revisions", "/projects/shop/revisions/none", "/projects/shop/revisions/..%2f..%2falembic.ini", "/projects/SHOP",
    "/projects/shop/revisions/%3Cscript%3E", "/environments/none", "/environments/%ED%A0%80", "/databases/none", "/databases/0",
    "/databases/99999999999999999999", "/databases/00000000-0000-0000-0000-000000000000", "/databases/%7B%7D", "/jobs/none", "/jobs/-1",
    "/jobs/1.0", "/jobs/0x1", "/jobs/%D9%A1", "/jobs/%201", "/jobs/" + "9" * 18, "/jobs/" + "9" * 900, "/jobs/..%2f..%2fetc%2fpasswd",
    "/jobs/none/log", "/jobs/none/log.txt", "/jobs/' OR 1=1 --", "/proposals/none", "/audit/1", "/jobs?database=none",
]  # fmt: skip

WITH_NUL = [
    "/projects/%00", "/environments/a%00b", "/databases/%00", "/jobs/%00", "/projects/shop/revisions?q=%00", "/audit?actor=%00",
    "/databases?project=%00", "/jobs?database=%00", "/projects?limit=%00",
]  # fmt: skip

METHODS = [
    ("DELETE", "/projects"), ("PUT", "/jobs"), ("PATCH", "/audit"), ("POST", "/audit/verification"), ("DELETE", "/jobs/1"),
    ("GET", "/plans"), ("DELETE", "/promotions"), ("POST", "/jobs/1/log"), ("TRACE", "/jobs"), ("OPTIONS", "/databases"),
    ("BREW", "/environments"), ("POST", "/docs"), ("DELETE", "/openapi.json"),
]  # fmt: skip

SLUGS = [
    "", " ", "a b", "a/b", "../etc", ".", "-x", "_x", "Shop", "ünicode", "ｓｈｏｐ", "x" * 64, "a\n", "a\0", HALF_PAIR, "<script>",
    "{{7*7}}", "a%2fb", 7, None, True, ["a"], {"a": 1},
]  # fmt: skip

GIT_URLS = [
    "", "ext::sh -c id", "ext::id", "EXT::id", "ext%3A%3Aid", "fd::17/x", "git://h/x", "http://h/x", "ftp://h/x", "javascript:alert(1)",
    "--upload-pack=id", "-oProxyCommand=id", "ssh://-oProxyCommand=id/x", "ssh://h:99999/x", "git@-h:x", "git@h:-x", "https://",
    "https:///x", "https://[::1/x", f"https://u:{PASSWORD}@h/x", f"https://{PASSWORD}@h/x", f"ssh://u:{PASSWORD}@h/x", "https://h/a b",
    "https://h/x\nhttps://i/y", "https://h\0/x", "https://xn--\u00e9/x", "x" * 4096, "file://h/etc", "file:///nonexistent/x.git", "h", 7,
    None, ["https://h/x"],
]  # fmt: skip

REFS = [
    "-h", "--output=x", "..", "a..b", "@{u}", "HEAD^", "HEAD~1", "refs/../x", "a b", "a\n", "a\0b", "x" * 256, "a.lock", "a/", "/a",
    "a//b", "a/.b", "\U0001f600", "a:b", "a*b", "a?", "a[b", "a\\b", HALF_PAIR, 7,
]  # fmt: skip

DIRECTORIES = [
    "",
    "relative",
    "~/x",
    "../x",
    "/nonexistent",
    "/etc/passwd",
    "/\0",
    "/" + "a" * 900,
    "/" + "a/" * 2000,
    "/tmp\nx",
    "file:///tmp",
    "C:\\shop",
]

URLS = [
    "", " ", "not a url", "://", "postgresql://", "postgresql:/u@h/d", f"nosuchdb://u:{PASSWORD}@h/d", f"http://u:{PASSWORD}@h/d",
    "file:///etc/passwd", f"oracle://u:{PASSWORD}@h/d", f"postgresql+nodriver://u:{PASSWORD}@h/d",
    f"mssql+pyodbc:///?odbc_connect=PWD%3D{PASSWORD}", f"postgresql://u:{PASSWORD}@h:port/d", f"postgresql://u:{PASSWORD}@h:0/d",
    f"postgresql://u:{PASSWORD}@h:99999/d", f"postgresql://u:{PASSWORD}@h:-1/d", f"postgresql://u:{PASSWORD}@h",
    f"postgresql://u:{PASSWORD}@/d", f"postgresql://u:p@{PASSWORD}@h/d", f"postgresql://u:{PASSWORD}@[::1/d",
    f"postgresql://u:{PASSWORD}@::1/d", f"postgresql://u:{PASSWORD}@a,b/d", f"postgresql://u:{PASSWORD}@%2Fvar%2Frun/d",
    f"postgresql://u:{PASSWORD}@h\n/d", f"postgresql://u:{PASSWORD}\n@h/d", f"postgresql://u:{PASSWORD}@h/\0",
    f"postgresql://u:{PASSWORD}@h/{HALF_PAIR}", f"postgresql://u:{PASSWORD}@-h/d", f"postgresql://u:{PASSWORD}@h h/d",
    f"postgresql://u:{PASSWORD}@..%2fh/d", f"postgresql://u:{PASSWORD * 250}@h/d", f"postgresql://u:{PASSWORD}@169.254.169.254/d",
    f"postgresql://u:{PASSWORD}@0xA9.254.169.254/d", f"postgresql://u:{PASSWORD}@2852039166/d",
    f"postgresql://u:{PASSWORD}@[::ffff:169.254.169.254]/d", f"postgresql://u:{PASSWORD}@[fe80::1]/d",
    f"mysql://u:{PASSWORD}@169.254.169.254/d", f"postgresql://u@h/d?password={PASSWORD}", f"postgresql://u:{PASSWORD}@h/d?host=evil",
    f"postgresql://u:{PASSWORD}@h/d?hostaddr=1.2.3.4", f"postgresql://u:{PASSWORD}@h/d?port=1", f"postgresql://u:{PASSWORD}@h/d?dbname=x",
    f"postgresql://u:{PASSWORD}@h/d?user=x", f"postgresql://u:{PASSWORD}@h/d?service=x",
    f"postgresql://u:{PASSWORD}@h/d?passfile=/etc/passwd", f"postgresql://u:{PASSWORD}@h/d?sslkey=/etc/passwd",
    f"postgresql://u:{PASSWORD}@h/d?sslcert=/etc/passwd", f"postgresql://u:{PASSWORD}@h/d?sslrootcert=/etc/passwd",
    f"postgresql://u:{PASSWORD}@h/d?sslpassword={PASSWORD}", f"postgresql://u:{PASSWORD}@h/d?options=-c%20session_preload_libraries%3Dx",
    f"postgresql://u:{PASSWORD}@h/d?sslmode=off", f"postgresql://u:{PASSWORD}@h/d?connect_timeout=99999",
    f"postgresql://u:{PASSWORD}@h/d?sslmode=require&sslmode=disable", f"postgresql://u:{PASSWORD}@h/d?application_name=a%0ab",
    f"postgresql://u:{PASSWORD}@h/d?{PASSWORD}=1", f"mysql://u:{PASSWORD}@h/d?local_infile=1",
    f"mysql://u:{PASSWORD}@h/d?read_default_file=/etc/my.cnf", f"mysql://u:{PASSWORD}@h/d?ssl_ca=/etc/passwd",
    f"mysql://u:{PASSWORD}@h/d?unix_socket=/run/x", f"mysql://u:{PASSWORD}@h/d?init_command=DROP",
    f"mysql://u:{PASSWORD}@h/d?charset=a;b", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://:memory:",
    "sqlite:///relative.db", "sqlite:///../../x.db", "sqlite:///file:/etc/passwd?uri=true", "sqlite:///file:/tmp/x.db",
    "sqlite:////tmp/x.db?uri=true", "sqlite:////tmp/x.db?mode=rwc", "sqlite:////tmp/x.db?mode=memory", "sqlite:////tmp/x.db?vfs=unix",
    "sqlite:////tmp/x.db?timeout=-1", "sqlite:////tmp/x.db\0", "sqlite:////tmp/x\n.db", f"sqlite://u:{PASSWORD}@h/x.db",
    "sqlite+pysqlcipher:////tmp/x.db", "x" * 3000, 7, None, True, ["sqlite:////tmp/x.db"], {"drivername": "sqlite"},
]  # fmt: skip

REVISIONS = [
    "", " ", "nosuchrevision", "HEAD", "ｈｅａｄ", "current", "a\0b", "a\nb", "z" * 5000, "x; DROP TABLE t", "../x", "--sql", "head --sql",
    "-r", "%s", "{url}", "${7*7}", "{{7*7}}", "<script>", HALF_PAIR, "\U0001f600", "+", "-", "@", "@@", "a@b@c", "head@head", "none@head",
    "+99", "-9", "+" + "9" * 30, "-" + "9" * 30, "+0", "-0", "one+", "two-1-1", "base:head", "one two three four", "*", ".", "'", '"', 7,
    True, ["head"], {"a": 1}, None,
]  # fmt: skip

COMMANDS = ["drop", "shell", "UPGRADE", "upgrade ", "", "revision", "upgrade; id", 7, None, ["upgrade"]]

IDS = ["none", "", "../../etc/passwd", "1", "0" * 32, "00000000-0000-0000-0000-000000000000", HALF_PAIR, 7, None, [], {}]
