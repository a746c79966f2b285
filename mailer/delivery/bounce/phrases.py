"""The phrases that servers say no with, by what they mean, in the order they are tried.

One phrase a line, as a regular expression over small letters; ``…`` stands for at most
four words. A new phrase is a line here and a mail in ``tests/data/bounces``.
"""

from __future__ import annotations

from mailer.delivery.bounce.model import Reason

_GAP = r" (?:[^ ]{1,80} ){0,4}"


def _read(table: str) -> tuple[str, ...]:
    lines = (line.strip().replace(" … ", _GAP) for line in table.splitlines())
    return tuple(line for line in lines if line)


_AUTHENTICATION = r"""
    \bspf\b
    \bdkim\b
    \bdmarc\b
    domainkeys
    unauthenticated
    sender id \(pra\)|purported responsible
    requires? authentication|authentication (?:is )?required|authrequired
    authentication (?:failed|failure|check|information)
    must (?:be authenticated|authenticate|log ?in|issue a)
    not authori[sz]ed to (?:send|use)
    not allowed to send from
"""
_BLOCKED = r"""
    (?:block|black|deny) ?-?list
    \b[dx]?rbls?\b|\bdnsbls?\b
    (?<!not )\blisted (?:at|in|on|by) \w
    \bptr\b|reverse (?:dns|lookup|host|mapping|name)|\brdns\b
    cannot find your (?:reverse )?host ?name
    client host
    mismatch(?:es)? (?:client|your)
    banned send|blocked send
    (?:bad|low|poor) … reputation|reputation (?:of|too|is)|due to … reputation
    \bblocked (?:by|using|because|for|due|from|ip|-|\()|^\W*\d* ?blocked
    \bip\b … (?:blocked|banned|rejected|denied|listed|not allowed)
    dynamic ip
    access denied … (?:\bip\b|client|host)
    connections? (?:refused|not accepted|rejected|denied) (?:from|by|due)
    (?:host|client|your server|domain) (?:is |was |has been )?(?:rejected|refused|denied|banned|blocked)
    not accepting (?:mail|messages|connections) from
    insecure mail relay
    use the smtp server of your isp
    bad (?:helo|ehlo|dns)|invalid (?:helo|ehlo)|(?:helo|ehlo) (?:\S+ )?rejected
    (?<!indicated )no smtp service
    (?:not|may not be) (?:a )?mail exchanger
    unable to resolve (?:your|sender)
    too many (?:spam|unknown|invalid|bad)
    is not allowed to connect
"""
_SPAM = r"""
    \bspam
    junk ?mail
    unsolicited
    \bube\b|\buce\b
    bulk (?:e-?)?mail
    phish
    message content|content (?:rejected|filter|block)
    ma[ií]l rejete|mail rejected|message (?:has been |was )?(?:rejected|blocked|refused|denied)
    high probability of
    rejected by (?:the )?(?:content|bayes|cloudmark|anti-?spam)
    blackhole
"""
_POLICY = r"""
    polic(?:y|ies)
    prohibited|forbidden|not permitted
    virus|malware|trojan|infected
    security (?:risk|issue|problem|threat|violation)
    potential(?:ly)? (?:security|dangerous|harmful)
    executable|attachment
    suspicious
    violat
    banned (?:content|file|sender)
    you (?:are|have been) not allowed
"""
_RELAYING = r"""
    relay(?:ing)? … (?:denied|rejected|prohibited|disallowed|refused|not (?:allowed|permitted))
    (?:unable|not (?:permitted|allowed|able)|refus\w+) to relay|cannot relay|not relay
    no relay|\brelaying\b
    allowed rcpthosts
    not a gateway|not gateway
    we (?:don't|do not) handle mail for
"""
_RATE = r"""
    rate[ -]?limit|rate control|sending rate|unusual rate|connection rate
    too many (?:connections|messages|recipients|e?-?mails|sessions|concurrent|requests|errors)
    throttl
    frequency limit
    exceeded … (?:rate|connections|messages|per hour|per day|sending)
    gr[ea]y ?-?list
    slow down|too quickly|too fast
"""
_TOO_BIG = r"""
    (?:message|mail) (?:is |was )?(?:too (?:big|large|long)|size exceed|length exceed)
    (?:message|mail|fixed|maximum) … size … (?:exceed|limit)
    exceed\w* … (?:message|mail|maximum|fixed) … size
    too (?:big|large) for
    line too long
"""
_MAILBOX_FULL = r"""
    quota
    (?:mail ?box|in ?box|folder|account|disk) … full
    full (?:mail|in) ?box
    mailfolder … full
    over (?:its |their |the )?(?:allowed |storage )?(?:limit|storage)
    (?:out of|insufficient|not enough|no) … (?:storage|space|disk)
    storage (?:limit|space|alloc|is)
    exceed\w* … (?:storage|mailbox|allocation)
    mail ?box size
    too much mail
    over ?quota|disk full
    bo[iî]te … pleine
    postfach … voll|volle[sn]? postfach
    casella … piena
    buz[oó]n … lleno
    caixa … cheia
    容量|いっぱい|переполнен|已满|已滿
"""
_FILTERED = r"""
    (?:recipient|user|email)(?:'s|s)? preferences
    (?:refused|rejected|blocked) by (?:the )?(?:recipient|user)(?! domain)
    (?:recipient|user) (?:has |had )?(?:refused|blocked|declined)
    (?:user|recipient|mailbox|account) … accepts? … from
    domain[ -]filter|rejected by the domain
    restricted
    (?:may|might) not exist, or you|可能不存在
    permissions? to|berechtigung|autoris[eé]|permiso|permiss[ãi]o|權限|权限
    not allowed to send … to
    does(?: not|n't) accept (?:mail|messages|e-?mail) from
"""
_DISABLED = r"""
    suspend
    disabled|deactivat|discontinued
    inactive|not active
    locked|frozen|dormant|on hold
    temporarily (?:unavailable|blocked|closed)
    account … (?:expired|blocked)
    d[eé]sactiv|deaktiviert|gesperrt
"""
_PROTOCOL = r"""
    sender … (?:rejected|refused|denied|invalid|not (?:exist|found|accepted|verif))
    domain of sender
    (?:from|sender|originator) … (?:does not exist|unknown|not found)
    syntax error|(?:improper|bad) sequence|out of sequence
    headers? (?:too|is|are|not|missing|error)|(?:missing|duplicate|invalid|multiple) … header|in from: header
    \brfc ?-?\d
    malformed (?:message|header|mime)|protocol error|smtputf8|bare lf
    command (?:not|unrecog|rejected|error)|unrecognized command
    return-?path
"""
_UNKNOWN_HOST = r"""
    (?:host|domain)(?: or domain)?(?: name)? (?:is |was )?(?:unknown|not found|not known|invalid|does(?: not|n't) exist|not reachable)
    host name lookup failure|name lookup fail
    unknown (?:mail )?(?:host|domain)
    no such (?:host|domain)
    domain … (?:does(?: not|n't) exist|not found|couldn't be found|not valid|not reachable|nxdomain)
    (?:couldn't|could not|cannot|can't) find (?:any |a )?(?:host|domain|mail exchanger|mx)
    nxdomain
    name or service not known
    bad destination (?:system|host)
    unrouteable mail domain|unroutable domain
    illegal host
    invalid (?:domain|mx)
    no mx\b
    dns lookup failure: host … not found|\bhost … not found
    recipient's domain
    malformed or unexpected name server reply
    all relevant mx records point
    h[oô]te inconnu|domaine (?:inconnu|inexistant)
"""
_TAKES_NO_MAIL = r"""
    null ?mx|indicated no smtp service
    does(?: not|n't) (?:accept|receive) (?:any )?(?:e-?)?mails?\b(?! from)
    accepts no (?:e-?)?mail
    mail not accepted for
"""
_MOVED = r"""
    has (?:moved|changed)|moved to
    address … changed
    no longer (?:on|at) (?:this |the )?server
    user not local
    please (?:try|use) (?:the |this |his |her )?(?:new|forwarding|following)
    try forwarding
    not our customer
"""
_UNKNOWN_USER = r"""
    (?:user|recipient|mail ?box|address|account|alias|local part|addressee|login|userid|person|receiver)s?(?:'s)?(?: name| address| id)? (?:\S+ )?(?:is |was |are )?(?:unknown|not known|not found|not exist|not recogni[sz]ed|non-?existent|invalid|not valid|not listed|not available|unavailable|undeliverable|does not exist|doesn't exist)
    (?:unknown|no such|non-?existent|unrecogni[sz]ed|undeliverable|not a valid|not a known|invalid|illegal|incorrect|unavailable) (?:\S+ )?(?:or \S+ )?(?:user|recipient|mail ?box|address|account|alias|local[ -]?part|addressee|person|rcpt|login|customer|name|receiver|virtual)
    (?<!may )(?<!might )(?:does not|doesn't|do not|don't|did not|didn't|not|no longer) exist
    no … (?:mail ?box|account|user|address|recipient|alias|one)s? (?:here )?(?:by|with|at|for|named|called|matching|found)
    bad (?:destination|recipient|user|address)
    (?:cannot|can't|could not|couldn't|unable to) find … (?:mail ?box|user|recipient|account|directory)
    no mail ?box
    (?:not|wasn't|weren't|couldn't be|could not be|cannot be) (?:\S+ )?(?:found|identified|recogni[sz]ed|located)
    not listed
    recip(?:ient)?notfound
    recipient name is not
    unrout(?:e)?able address
    is not (?:a|an|our|one of our) … (?:user|customer|mailbox|address|recipient|account|subscriber)
    (?:doesn't|does not) … (?:have an? … account|handle|like recipient)
    (?:user|mail ?box|account|address) … (?:deleted|removed|closed|terminated|cancell?ed)
    no longer (?:valid|available|active|works?|in use|accept)
    mailbox name not allowed
    not in (?:our|the|my) … (?:database|directory|list|table|records)
    utilisateur … inconnu|destinataire … (?:inconnu|invalide|introuvable)
    adresse … (?:inconnue|introuvable|invalide|inexistante|n'existe|incorrecte)
    bo[iî]te … (?:inconnue|inexistante|introuvable)|n'existe (?:pas|plus)
    unbekannt|existiert nicht|nicht (?:gefunden|bekannt|vorhanden)|ung[uü]ltige? (?:adresse|empf)
    no existe|desconocid[oa]|no … encontr
    n[aã]o existe|desconhecid[oa]|n[aã]o … encontrad
    sconosciut[oa]|non esiste|inesistente|non … trovat
    onbekend|bestaat niet|nie istnieje|finns inte|okänd
    見つかりません|存在しません|宛先不明|該当者なし|不存在|找不到
    не (?:найден|существует)|неизвестн
"""
_REJECTED = r"""
    (?:recipient|address) (?:address )?(?:has been |was )?rejected
    check (?:if|that|whether) … address is correct
"""
_NETWORK = r"""
    connection … (?:timed? ?out|refused|reset|lost|dropped|closed|failed|failure)|lost connection
    network (?:is )?(?:unreachable|error|problem)|no route to host
    (?:host|server|mx)\S* (?:is |was )?(?:down|unreachable|not respond|not answer|not reachable)
    (?:could not|couldn't|unable to|failed to|cannot) (?:connect|establish)
    \bloop|too many hops|hop count
    dns (?:error|fail|query|server|lookup)|name (?:service|server) (?:error|fail|timeout)
    could not find a gateway
    \btls\b
"""
_EXPIRED = r"""
    expired|timed? ?out|giving up|given up
    in the queue too long|been in queue|retry (?:timeout|limit|count)
    (?:for|past|after|within|last) (?:the last |more than )?\d+(?:\.\d+)? … (?:hour|day|minute|second)
    deferred|too long
"""
_SYSTEM = r"""
    system (?:error|problem|failure|config|resources)|internal (?:error|server|software|system)
    local (?:error|delivery)|configuration error|mailer error|server error|upstream error
    service (?:is )?(?:\S+ )?(?:unavailable|not available|refuse)
    can(?:not|'t) (?:create|open|write|append|lock|access|exec)|couldn't create
    temporar|out of memory|resources|i/o error|permission denied|procmail|queue file
    try (?:again )?later
"""

PHRASES = tuple(
    (reason, _read(table))
    for reason, table in (
        # What blames the sender comes first: whoever is mistaken then is only patient.
        (Reason.AUTHENTICATION, _AUTHENTICATION),
        (Reason.BLOCKED, _BLOCKED),
        (Reason.SPAM, _SPAM),
        (Reason.POLICY, _POLICY),
        (Reason.RELAYING, _RELAYING),
        (Reason.RATE, _RATE),
        (Reason.MAILBOX_FULL, _MAILBOX_FULL),
        (Reason.TOO_BIG, _TOO_BIG),
        (Reason.FILTERED, _FILTERED),
        (Reason.DISABLED, _DISABLED),
        (Reason.PROTOCOL, _PROTOCOL),
        (Reason.UNKNOWN_HOST, _UNKNOWN_HOST),
        (Reason.TAKES_NO_MAIL, _TAKES_NO_MAIL),
        (Reason.MOVED, _MOVED),
        (Reason.UNKNOWN_USER, _UNKNOWN_USER),
        (Reason.NETWORK, _NETWORK),
        (Reason.EXPIRED, _EXPIRED),
        (Reason.SYSTEM, _SYSTEM),
        (Reason.UNKNOWN_USER, _REJECTED),  # and no word of why
    )
)
