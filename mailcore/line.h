/* mailcore/line.h: the seam between a line protocol (SMTP, IMAP, POP3, ManageSieve) and its connection.
 *
 * The protocol is an engine without sockets: it gets the peer's bytes, appends answers to `out`, and says by `wants` what only
 * a connection can do. The connection (server/line.h, or a test with strings) owns socket, TLS, timers and buffers:
 *
 *     start ──► input, input, … ──► LINE_WANT_CLOSE: out is sent, then free
 *                 │    ▲
 *                 ▼    │ event(LINE_CONTINUE), event(LINE_SECURED), resumed
 *       a want that stops input (LINE_STOPS)
 *
 * All calls are on the thread of the connection's loop. While LINE_WANT_RESUME stands, a job of the engine is under way elsewhere:
 * the connection calls nothing, and frees nothing even if the peer has gone. The engine ends it by clearing the want and
 * calling `resumed`. */
#ifndef SCAMBIO_MAILCORE_LINE_H
#define SCAMBIO_MAILCORE_LINE_H

#include "core/buf.h"
#include "core/net.h"

struct loop;
struct line_engine;

enum line_want {
    LINE_WANT_CLOSE = 1,  /* send what is in `out`, then close */
    LINE_WANT_TLS = 2,    /* send what is in `out`, forget what came, shake hands, then LINE_SECURED */
    LINE_WANT_RESUME = 4, /* no input until `resumed` is called */
    LINE_WANT_PAUSE = 8,  /* hold `out` and input for pause_ms, then LINE_CONTINUE */
    LINE_WANT_ROOM = 32,  /* there is more to say than `out` should hold: LINE_ROOM when most of it is sent */
    LINE_WANT_DEFLATE =
        64, /* send what is in `out`; from then on both sides speak through DEFLATE (RFC 1951), then LINE_DEFLATED */
    LINE_WANT_EARLY = 16, /* with a pause: input meanwhile is told at once, by LINE_EARLY */
};
enum {
    LINE_STOPS = LINE_WANT_CLOSE | LINE_WANT_TLS | LINE_WANT_RESUME | LINE_WANT_PAUSE | LINE_WANT_ROOM |
                 LINE_WANT_DEFLATE
};

enum line_event {
    LINE_CONTINUE, /* the pause is over; the connection has taken the want back */
    LINE_EARLY,    /* the peer spoke during the pause; it is cut short, the want taken back */
    LINE_SECURED,  /* TLS is there: `tls` is set, the want taken back */
    LINE_DEFLATED, /* compression is there; the connection has taken the want back */
    LINE_ROOM,     /* most of `out` is sent; the connection has taken the want back */
    LINE_LATE,     /* the peer has not brought in time what it was waited for: say good-bye */
    LINE_DRAIN,    /* the server stops: say good-bye, at once or when what is in hand is done */
};

enum {
    LINE_INPUT = 16 * 1024,    /* of so many bytes at once an engine takes some, whatever they are */
    LINE_OUT_LOW = 8 * 1024,   /* with as little left to send there is room */
    LINE_OUT_HIGH = 32 * 1024, /* with more in `out` an engine takes no further command */
};

/* What TLS came to, for trace headers and channel bindings. */
enum { LINE_BINDING_MOST = 64 };
struct line_binding { /* bytes that both ends of a TLS connection know and nobody else can arrange */
    unsigned char bytes[LINE_BINDING_MOST];
    size_t n; /* 0: there is none */
};
struct line_tls {
    char version[16], cipher[64];
    struct line_binding exporter;  /* tls-exporter (RFC 9266); from TLS 1.3 on */
    struct line_binding end_point; /* tls-server-end-point (RFC 5929): a hash of our certificate */
};

struct line_ops {
    void (*start)(struct line_engine *e);
    /* Takes bytes off *in, as many as it can; what is left comes again with more behind it. Where the stream is cut changes nothing. */
    void (*input)(struct line_engine *e, struct str *in);
    void (*event)(struct line_engine *e, enum line_event event);
    void (*free)(struct line_engine *e);
};

struct line_engine {
    const struct line_ops *ops;
    struct buf out;             /* for the peer; the connection takes from its front */
    unsigned wants;             /* of enum line_want */
    int pause_ms;               /* for LINE_WANT_PAUSE */
    int wait_s;                 /* how long the peer may take to the next turn */
    uint32_t turn;              /* changes whenever that time begins anew: a byte now and then is no turn */
    const struct line_tls *tls; /* the connection's; NULL: no TLS */
    struct loop *loop;          /* of the connection, for loop_post; NULL in tests */
    void *connection;           /* the connection's own */
    void (*resumed)(struct line_engine *e); /* the connection's; it may free the engine */
    bool gone;                              /* the connection's: nobody is there any more to be answered */
};

/* May the engine take a command now? */
static inline bool line_ready(const struct line_engine *e)
{
    return !(e->wants & LINE_STOPS) && e->out.n <= LINE_OUT_HIGH && !e->gone;
}

/* Gives input to the engine until it is taken, or the engine stops, or waits for more. */
static inline void line_feed(struct line_engine *e, struct str *in)
{
    size_t before;
    do {
        before = in->n;
        if (before && line_ready(e))
            e->ops->input(e, in);
    } while (in->n && in->n < before);
}

/* The end of a job that LINE_WANT_RESUME waited for. */
static inline void line_resume(struct line_engine *e)
{
    e->wants &= ~(unsigned)LINE_WANT_RESUME;
    if (e->resumed)
        e->resumed(e);
}

/* Who is at the other end. */
struct line_peer {
    struct net_address address; /* bits 0: a local socket */
    int port;
};

#endif
