/* fastsink: an SMTP sink for measuring senders.
 *
 * One thread, epoll, a memmem for the final dot: about 35 us of CPU per 76 KB message, a tenth of smtp-sink's,
 * so that the sender is what gets measured.  It listens on 127.0.0.1 only and believes everything it is told.
 *
 *   fastsink PORT [-r MS] [-t CERT KEY] [-P] [-x 1|2] [-l FILE]
 *
 *   PORT          0 lets the system choose; "listening PORT" is printed when it is ready
 *   -r MS         hold every group of replies back for MS milliseconds: a simulated round trip
 *   -t CERT KEY   offer STARTTLS
 *   -P            announce neither PIPELINING nor CHUNKING
 *   -x 1          refuse recipients whose local part ends in 7 with 550; DATA without recipient gets 554
 *   -x 2          the same, but DATA without recipient gets 354 and the final dot 554 (RFC 2920 allows both)
 *   -l FILE       one line per accepted message: recipients, bytes of content
 *
 * SIGUSR1 prints one line of JSON about everything since the last such line; SIGTERM prints it and ends.
 * "first" is when the first MAIL came, by CLOCK_MONOTONIC; "seconds" go on to the last accepted message.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 4096
#define BUFFER (512 * 1024)

enum state { COMMAND, CONTENT, CHUNK, AUTH };

struct conn {
    int fd;
    SSL *ssl;
    int handshaking, starttls, quitting, queued;
    enum state state;
    char line[8192];                /* a command line that has not ended yet */
    int line_len;
    char tail[4];                   /* the last four octets of content: the final dot may straddle two reads */
    int tail_len;
    long chunk_left;
    int chunk_last;
    char out[65536];                /* replies waiting to be written */
    int out_len;
    double due;                     /* with -r: when they may go */
    struct conn *next;              /* with -r: the next in the queue */
    int in_mail, recipients;
    char rcpt[1024];
    int rcpt_len;
    unsigned long size;
};

static struct conn *conns[MAX_FD], *queue_head, *queue_tail;
static char buffer[BUFFER];
static double rtt;
static int pipelining = 1, faults;
static SSL_CTX *tls;
static FILE *record;
static volatile sig_atomic_t stop, report;
static unsigned long total, messages, bytes, connections, resumed;
static double first, last;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void on_signal(int s)
{
    if (s == SIGUSR1) report = 1; else stop = 1;
}

static void print_report(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    printf("{\"messages\": %lu, \"bytes\": %lu, \"connections\": %lu, \"resumed\": %lu, \"first\": %.6f, \"seconds\": %.6f, \"cpu\": %.6f}\n",
           messages, bytes, connections, resumed, first, messages ? last - first : 0, t.tv_sec + t.tv_nsec * 1e-9);
    fflush(stdout);
    if (record) fflush(record);
    messages = bytes = connections = resumed = 0;
    first = last = 0;
    report = 0;
}

/* ---- replies ---- */

static void say(struct conn *c, const char *text)
{
    int n = strlen(text);
    if (c->out_len + n < (int)sizeof c->out) { memcpy(c->out + c->out_len, text, n); c->out_len += n; }
}

static void close_conn(struct conn *c)
{
    if (c->queued) {
        struct conn **p = &queue_head;
        while (*p && *p != c) p = &(*p)->next;
        if (*p) *p = c->next;
        queue_tail = NULL;
        for (struct conn *x = queue_head; x; x = x->next) queue_tail = x;
    }
    if (c->ssl) SSL_free(c->ssl);
    close(c->fd);
    conns[c->fd] = NULL;
    free(c);
}

static void flush(struct conn *c)
{
    if (!c->out_len) return;
    if (c->ssl && !c->starttls) SSL_write(c->ssl, c->out, c->out_len);
    else for (int off = 0; off < c->out_len; ) {
        int w = write(c->fd, c->out + off, c->out_len - off);
        if (w <= 0) { if (errno == EAGAIN) continue; break; }
        off += w;
    }
    c->out_len = 0;
    if (c->starttls) {
        c->starttls = 0;
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_accept_state(c->ssl);
        c->handshaking = 1;
    }
}

static void answer(struct conn *c)
{
    if (c->out_len && rtt > 0) {
        if (c->queued) return;
        c->due = now() + rtt;
        c->queued = 1;
        c->next = NULL;
        if (queue_tail) queue_tail->next = c; else queue_head = c;
        queue_tail = c;
        return;
    }
    flush(c);
    if (c->quitting) close_conn(c);
}

/* ---- the conversation ---- */

static void forget(struct conn *c)
{
    c->in_mail = c->recipients = c->rcpt_len = 0;
    c->size = 0;
}

static int refused(const char *line)
{
    return faults && strstr(line, "7@") != NULL;
}

static void remember(struct conn *c, const char *line)
{
    const char *a = strchr(line, '<'), *b = a ? strchr(a, '>') : NULL;
    int n = b ? b - a - 1 : 0;
    if (!n || c->rcpt_len + n + 2 > (int)sizeof c->rcpt) return;
    if (c->rcpt_len) c->rcpt[c->rcpt_len++] = ',';
    memcpy(c->rcpt + c->rcpt_len, a + 1, n);
    c->rcpt_len += n;
}

static void command(struct conn *c)
{
    char *l = c->line;
    l[c->line_len] = 0;
    c->line_len = 0;
#define IS(word) (!strncasecmp(l, word, sizeof word - 1))
    if (c->state == AUTH) { say(c, "235 2.7.0 ok\r\n"); c->state = COMMAND; }
    else if (IS("EHLO") || IS("HELO")) {
        forget(c);
        say(c, "250-fastsink\r\n");
        if (pipelining) say(c, "250-PIPELINING\r\n250-CHUNKING\r\n");
        if (tls && !c->ssl) say(c, "250-STARTTLS\r\n");
        say(c, "250-SIZE 50000000\r\n250-AUTH PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n");
    }
    else if (IS("MAIL")) {
        if (!first) first = now();
        if (c->in_mail) say(c, "503 5.5.1 nested MAIL\r\n");
        else { c->in_mail = 1; say(c, "250 2.1.0 Ok\r\n"); }
    }
    else if (IS("RCPT")) {
        if (!c->in_mail) say(c, "503 5.5.1 MAIL first\r\n");
        else if (refused(l)) say(c, "550 5.1.1 no such user\r\n");
        else { c->recipients++; if (record) remember(c, l); say(c, "250 2.1.5 Ok\r\n"); }
    }
    else if (IS("DATA")) {
        if (!c->recipients && faults != 2) { say(c, "554 5.5.1 no valid recipients\r\n"); return; }
        say(c, "354 End data with <CR><LF>.<CR><LF>\r\n");
        c->state = CONTENT;
        memcpy(c->tail, "\r\n", 2);
        c->tail_len = 2;
    }
    else if (IS("BDAT")) {
        char *e;
        c->chunk_left = strtol(l + 5, &e, 10);
        c->chunk_last = strcasestr(e, "LAST") != NULL;
        c->state = CHUNK;
    }
    else if (IS("RSET")) { forget(c); say(c, "250 2.0.0 Ok\r\n"); }
    else if (IS("NOOP")) say(c, "250 2.0.0 Ok\r\n");
    else if (IS("QUIT")) { say(c, "221 2.0.0 Bye\r\n"); c->quitting = 1; }
    else if (IS("STARTTLS") && tls && !c->ssl) { forget(c); say(c, "220 2.0.0 Ready\r\n"); c->starttls = 1; }
    else if (IS("AUTH PLAIN ")) say(c, "235 2.7.0 ok\r\n");
    else if (IS("AUTH")) { say(c, "334 \r\n"); c->state = AUTH; }
    else say(c, "500 5.5.2 unknown\r\n");
}

static void content_done(struct conn *c)
{
    char text[80];
    c->state = COMMAND;
    c->line_len = 0;
    if (!c->recipients) say(c, "554 5.5.1 no valid recipients\r\n");
    else {
        messages++;
        last = now();
        snprintf(text, sizeof text, "250 2.0.0 Ok: queued as %lX\r\n", ++total);
        say(c, text);
        if (record) fprintf(record, "%.*s %lu\n", c->rcpt_len, c->rcpt, c->size);
    }
    forget(c);
}

/* Consumes content up to the final dot; returns where it stopped. */
static char *content(struct conn *c, char *p, char *end)
{
    char joint[8], *hit;
    int k = end - p < 4 ? end - p : 4;
    memcpy(joint, c->tail, c->tail_len);
    memcpy(joint + c->tail_len, p, k);
    char *stopped = NULL;
    if ((hit = memmem(joint, c->tail_len + k, "\r\n.\r\n", 5))) stopped = p + (hit - joint) + 5 - c->tail_len;
    else if ((hit = memmem(p, end - p, "\r\n.\r\n", 5))) stopped = hit + 5;
    if (stopped) { c->size += stopped - p; content_done(c); return stopped; }
    c->size += end - p;
    if (end - p >= 4) { memcpy(c->tail, end - 4, 4); c->tail_len = 4; }
    else {
        int have = c->tail_len + k, keep = have < 4 ? have : 4;
        memcpy(c->tail, joint + have - keep, keep);
        c->tail_len = keep;
    }
    return end;
}

static void feed(struct conn *c, char *p, int n)
{
    char *end = p + n;
    bytes += n;
    while (p < end) {
        if (c->state == CONTENT) { p = content(c, p, end); continue; }
        if (c->state == CHUNK) {
            long k = end - p < c->chunk_left ? end - p : c->chunk_left;
            p += k;
            c->size += k;
            if (!(c->chunk_left -= k)) {
                if (c->chunk_last) content_done(c);
                else { say(c, "250 2.0.0 chunk\r\n"); c->state = COMMAND; }
            }
            continue;
        }
        char *nl = memchr(p, '\n', end - p);
        int k = (nl ? nl + 1 : end) - p;
        if (c->line_len + k < (int)sizeof c->line - 1) { memcpy(c->line + c->line_len, p, k); c->line_len += k; }
        p += k;
        if (nl) { command(c); if (c->starttls) return; }
    }
}

/* ---- the loop ---- */

/* Reads what is there; returns 0 when the connection is gone. */
static int receive(struct conn *c)
{
    if (!c->ssl) {
        int r = read(c->fd, buffer, BUFFER);
        if (r > 0) feed(c, buffer, r);
        return r > 0 || (r < 0 && errno == EAGAIN);
    }
    if (c->handshaking) {
        int r = SSL_do_handshake(c->ssl);
        if (r != 1) { int e = SSL_get_error(c->ssl, r); return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE; }
        c->handshaking = 0;
        resumed += SSL_session_reused(c->ssl);
    }
    for (;;) {
        int have = 0, r;
        while (have <= BUFFER - 16384 && (r = SSL_read(c->ssl, buffer + have, BUFFER - have)) > 0) {
            have += r;
            if (!SSL_pending(c->ssl) && have > 65536) break;
        }
        if (have) feed(c, buffer, have);
        if (r <= 0) return SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_READ;
        if (!SSL_pending(c->ssl)) return 1;
    }
}

static void accept_all(int listener, int ep)
{
    int fd, one = 1;
    while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FD) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct conn *c = calloc(1, sizeof *c);
        c->fd = fd;
        conns[fd] = c;
        connections++;
        struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
        say(c, "220 fastsink ESMTP\r\n");
        answer(c);
    }
}

static void release_due(void)
{
    double t = queue_head ? now() : 0;
    while (queue_head && queue_head->due <= t) {
        struct conn *c = queue_head;
        queue_head = c->next;
        if (!queue_head) queue_tail = NULL;
        c->queued = 0;
        flush(c);
        if (c->quitting) close_conn(c);
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: fastsink PORT [-r MS] [-t CERT KEY] [-P] [-x 1|2] [-l FILE]\n");
    return 2;
}

int main(int argc, char **argv)
{
    const char *cert = NULL, *key = NULL;
    if (argc < 2) return usage();
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "-r") && i + 1 < argc) rtt = atof(argv[++i]) / 1000;
        else if (!strcmp(argv[i], "-t") && i + 2 < argc) { cert = argv[++i]; key = argv[++i]; }
        else if (!strcmp(argv[i], "-P")) pipelining = 0;
        else if (!strcmp(argv[i], "-x") && i + 1 < argc) faults = atoi(argv[++i]);
        else if (!strcmp(argv[i], "-l") && i + 1 < argc) { if (!(record = fopen(argv[++i], "w"))) { perror(argv[i]); return 1; } }
        else return usage();
    }
    if (cert) {
        tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_mode(tls, SSL_MODE_AUTO_RETRY);
        if (SSL_CTX_use_certificate_chain_file(tls, cert) != 1 || SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
            ERR_print_errors_fp(stderr);
            return 1;
        }
    }

    sigset_t held, none;                       /* signals arrive only inside epoll_pwait, so none is missed */
    struct sigaction sa = { .sa_handler = on_signal };
    sigemptyset(&none);
    sigemptyset(&held);
    int wanted[] = { SIGTERM, SIGINT, SIGUSR1 };
    for (int i = 0; i < 3; i++) { sigaddset(&held, wanted[i]); sigaction(wanted[i], &sa, NULL); }
    sigprocmask(SIG_BLOCK, &held, NULL);
    signal(SIGPIPE, SIG_IGN);

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    if (bind(listener, (void *)&a, sizeof a) || listen(listener, 1024) || getsockname(listener, (void *)&a, &len)) { perror("fastsink"); return 1; }
    printf("listening %d\n", ntohs(a.sin_port));
    fflush(stdout);

    int ep = epoll_create1(0);
    struct epoll_event ev = { .events = EPOLLIN, .data.fd = listener }, evs[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
    while (!stop) {
        int timeout = -1;
        if (queue_head) { double d = queue_head->due - now(); timeout = d <= 0 ? 0 : d < 0.002 ? 1 : (int)(d * 1000) + 1; }
        int n = epoll_pwait(ep, evs, 256, timeout, &none);
        if (n < 0 && errno != EINTR) break;
        if (report) print_report();
        release_due();
        for (int i = 0; i < n; i++) {
            if (evs[i].data.fd == listener) { accept_all(listener, ep); continue; }
            struct conn *c = conns[evs[i].data.fd];
            if (!c) continue;
            if (receive(c)) answer(c); else close_conn(c);
        }
    }
    print_report();
    if (record) fclose(record);
    return 0;
}
