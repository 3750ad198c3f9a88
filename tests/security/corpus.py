"""Hostile values of the threat model: each is to be refused before a process starts or a socket opens."""

NAUGHTY = "Kanari-4711-Vogel"

GIT_URLS = [
    "ext::sh -c id", "ext::id", "EXT::id", "Ext::id%20x", "ext%3A%3Aid", "ext:://id", "fd::17/x", "git::https://h/x", "transport::address",
    "git://h/x.git", "http://h/x.git", "HTTP://h/x.git", "ftp://h/x", "ftps://h/x", "rsync://h/x", "svn+ssh://h/x", "git+ssh://h/x",
    "file://h/etc", "file://localhost/etc", "javascript://alert(1)", "data://x", "/srv/git/x.git", "../x.git", "x.git",
    "--upload-pack=id", "--config=core.gitProxy=id", "-oProxyCommand=id", "-u./id", "ssh://-oProxyCommand=id/x", "ssh://-x@h/x",
    "ssh://u:p@h/x", "ssh://h:0/x", "ssh://h:99999/x", "git@-h:x", "git@h:-x", "-git@h:x", "git@h h:x", "https://", "https:///x.git",
    "https://[::1/x", "https://-h/x", "https://h/-x", "https://h/x?service=git-upload-pack", "https://h/x#fragment",
    f"https://u:{NAUGHTY}@h/x", f"https://{NAUGHTY}@h/x", "https://h/a b", "https://h/x\nhttps://i/y", "https://h/x\r\nHost: i",
    "https://h\0/x", "https://h/x\t", "https://\u0435xample.org/x", "https://h/\u202egit.x", "https://h\uff0fx/y", "https://xn--\u00e9/x",
    "https://h/" + "x" * 4096, "https://169.254.169.254/x", "https://2852039166/x", "https://0xA9FEA9FE/x", "https://0251.0376.0251.0376/x",
    "https://[::ffff:169.254.169.254]/x", "https://[64:ff9b::a9fe:a9fe]/x", "https://[fe80::1]/x", "ssh://git@169.254.169.254/x",
    "git@169.254.169.254:x", "git@0xa9fea9fe:x", "",
]  # fmt: skip

REFS = [
    "-h", "--output=/tmp/x", "--upload-pack=id", "-", "..", "a..b", "@{u}", "@{-1}", "main@{1}", "HEAD^", "HEAD~1", "main^{commit}",
    "refs/../x", ":/fix", "main:x", "+main:evil", "a b", "a\n--output=x", "a\0b", "x" * 256, "a.lock", "a/", "/a", "a//b", "a/.b",
    "\U0001f600\u200b", "a*b", "a?", "a[b", "a\\b", "^main", "~", "\u202eniam", "a\x1b[2J",
]  # fmt: skip

# The field, and what it holds; ROOT is the folder of a project that is right otherwise.
PATHS = [
    *(("path", text) for text in (
        "relative", "../x", "~/x", "~root", "/nonexistent/x", "/etc/passwd", "/dev/null", "/dev/zero", "/proc/self/mem", "/\0", "/tmp\nx",
        "/" + "a" * 900, "/" + "a/" * 3000, "file:///tmp", "C:\\shop", "//evil/share\0", "${HOME}", "$(id)", "ROOT/loop", "ROOT/loop/x",
        "ROOT/alembic.ini", "ROOT/pipe",
    )),
    *(("config_path", text) for text in (
        "/etc/passwd", "../../etc/passwd", "a/../../b", "ROOT/alembic.ini", "a\0b", "a\nb", "loop", "out.ini", "pipe", "migrations",
        "nowhere.ini", "x" * 501, "huge.ini", "..", "outside/alembic.ini",
    )),
    *(("script_location", text) for text in (
        "/etc", "../../etc", "a/../../../etc", "outside", "outside/x", "loop", "..", "a\0b", "nowhere", "package:..:..", "..:..",
        "os:path", "outside:x", "x" * 501, "alembic.ini", "\u2025/etc",
    )),
    *(("version_locations", text) for text in ("/etc", "../../etc", "outside", "outside/x", "package:..:..", "os:x")),
    *(("working_directory", text) for text in ("/", "..", "a/../..", "/etc", "a\0b")),
    *(("python", text) for text in ("python3", "../python", "/etc/passwd", "/nonexistent", "/bin/sh -c id", "ROOT", "/bin/sh\0x")),
]  # fmt: skip

_HOST_KEYS = (
    "host=evil",
    "hostaddr=10.0.0.1",
    "port=1",
    "dbname=x",
    "user=x",
    "service=x",
    "servicefile=/etc/x",
    "fallback_application_name=x\0",
)
_FILE_KEYS = (
    "passfile=/etc/passwd", "sslkey=/etc/x", "sslcert=/etc/x", "sslrootcert=/etc/passwd", "sslcrl=/etc/x", "sslcrldir=/etc", "krbsrvname=x",
    "requirepeer=x", "ssl_keylog=/tmp/x", "sslkeylogfile=/tmp/x", "load_balance_hosts=random", "replication=database", "gssdelegation=1",
)  # fmt: skip
_PASSWORD_KEYS = (f"password={NAUGHTY}", f"sslpassword={NAUGHTY}", f"require_auth={NAUGHTY}", f"oauth_client_secret={NAUGHTY}")
_OPTIONS = (
    "options=-c%20role%3Dpostgres",
    "options=-csession_preload_libraries%3Dx",
    "sslmode=off",
    "client_encoding=GBK",
    "async_fallback=1",
)
_MYSQL_KEYS = (
    "local_infile=1", "read_default_file=/etc/my.cnf", "read_default_group=client", "unix_socket=/run/x", "charset=gbk", "conv=x",
    "charset=big5", "charset=sjis", "charset=utf8mb4%27", "ssl_ca=/etc/passwd", "ssl_key=/etc/x", "ssl_cert=/etc/x", "ssl_capath=/etc",
    "host=evil", "passwd=x", "db=x", "named_pipe=1", "plugin_dir=/tmp", "auth_plugin_map=x", "cursorclass=x", "init_command=x",
    "bind_address=169.254.169.254", "max_allowed_packet=1", "defer_connect=1", "client_flag=128", "use_unicode=0", "compress=1",
)  # fmt: skip
_HOSTS = [
    "169.254.169.254", "169.254.169.254.", "2852039166", "0xA9FEA9FE", "0xa9.254.0xa9.254", "0251.0376.0251.0376", "169.254.43518",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1:a9fe:a9:fe00::]", "[2002:a9fe:a9fe::]", "[2001:0:1:1:0:0:5601:5601]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00:ec2::254]",
    "[fd20:ce::254]", "100.100.100.200", "192.0.0.192", "168.63.129.16", "%2Fvar%2Frun%2Fpostgresql", "@abstract", "a,169.254.1.1", "a,b",
    "-oProxyCommand=id", "h%00", "h%0a", "h h", "\uff11\uff16\uff19.254.169.254", "\u0435xample.org", "[::1", "::1", "..", "a%2fb", "*",
]  # fmt: skip
PROFILE_URLS = [
    *(f"postgresql://u:{NAUGHTY}@h/d?{key}" for key in (*_HOST_KEYS, *_FILE_KEYS, *_PASSWORD_KEYS, *_OPTIONS)),
    *(f"mysql+pymysql://u:{NAUGHTY}@h/d?{key}" for key in _MYSQL_KEYS),
    *(f"postgresql://u:{NAUGHTY}@{host}/d" for host in _HOSTS),
    *(f"mysql://u:{NAUGHTY}@{host}/d" for host in _HOSTS[:8]),
    f"postgresql://u:{NAUGHTY}@h/d?sslmode=require&sslmode=disable", f"postgresql://u:{NAUGHTY}@h/d?{NAUGHTY}=1", f"nosuch://u:{NAUGHTY}@h/d",
    f"mssql+pyodbc:///?odbc_connect=PWD%3D{NAUGHTY}", f"postgresql+odbc://u:{NAUGHTY}@h/d", f"postgresql://u:{NAUGHTY}@x@h/d",
    "sqlite://", "sqlite:///:memory:", "sqlite:///relative.db", "sqlite:///../x.db", "sqlite:///file:/etc/passwd?uri=true",
    "sqlite:////tmp/x.db?uri=true", "sqlite:////tmp/x.db?mode=memory", "sqlite:////tmp/x.db?vfs=unix-none", "sqlite:////tmp/x.db?cache=shared",
    "sqlite:////tmp/x%00.db", f"sqlite://u:{NAUGHTY}@h/x.db",
]  # fmt: skip
