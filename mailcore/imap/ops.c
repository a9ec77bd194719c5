/* mailcore/imap/ops.c: from the engine to the commands and back: log-in, the worker's run, and what ends with the session. */
#include "mailcore/imap/ops.h"

#include "core/net.h"
#include "mailcore/imap/cmd.h"
#include "mailcore/imap/cmd_search.h"
#include "mailcore/imap/view.h"
#include "mailcore/login.h"

static enum status run_noop(struct imap_call *c)
{
    (void)c;
    return OK;
}

static const imap_run rows[IMAP_VERB_COUNT] = {
    [IMAP_APPEND] = imap_run_append,
    [IMAP_CHECK] = run_noop,
    [IMAP_CLOSE] = imap_run_close,
    [IMAP_COPY] = imap_run_copy,
    [IMAP_CREATE] = imap_run_create,
    [IMAP_DELETEACL] = imap_run_setacl,
    [IMAP_DELETE] = imap_run_delete,
    [IMAP_EXAMINE] = imap_run_select,
    [IMAP_EXPUNGE] = imap_run_expunge,
    [IMAP_FETCH] = imap_run_fetch,
    [IMAP_GETACL] = imap_run_getacl,
    [IMAP_GETMETADATA] = imap_run_getmetadata,
    [IMAP_GETQUOTAROOT] = imap_run_getquotaroot,
    [IMAP_GETQUOTA] = imap_run_getquota,
    [IMAP_LISTRIGHTS] = imap_run_listrights,
    [IMAP_LIST] = imap_run_list,
    [IMAP_LSUB] = imap_run_lsub,
    [IMAP_MOVE] = imap_run_copy,
    [IMAP_MYRIGHTS] = imap_run_myrights,
    [IMAP_NOOP] = run_noop,
    [IMAP_RENAME] = imap_run_rename,
    [IMAP_REPLACE] = imap_run_replace,
    [IMAP_SEARCH] = imap_run_search,
    [IMAP_SELECT] = imap_run_select,
    [IMAP_SETACL] = imap_run_setacl,
    [IMAP_SETMETADATA] = imap_run_setmetadata,
    [IMAP_SETQUOTA] = imap_run_setquota,
    [IMAP_SORT] = imap_run_sort,
    [IMAP_STATUS] = imap_run_status,
    [IMAP_STORE] = imap_run_store,
    [IMAP_SUBSCRIBE] = imap_run_subscribe,
    [IMAP_THREAD] = imap_run_thread,
    [IMAP_UNSELECT] = imap_run_unselect,
    [IMAP_UNSUBSCRIBE] = imap_run_subscribe,
};

/* ---- a user ---- */
void imap_user_hold(struct imap_user *u)
{
    atomic_fetch_add(&u->refs, 1);
}

void imap_user_drop(struct imap_user *u)
{
    if (atomic_fetch_sub(&u->refs, 1) != 1)
        return;
    imap_call_free(&u->call);
    imap_view_free(u->view);
    free(u);
}

static struct imap_user *user_new(struct imap_service *service, struct imap *s, const struct login *who)
{
    SCOPED_BUF(peer, sizeof((struct imap_user *)0)->peer - 1);
    struct imap_user *u = calloc(1, sizeof *u);
    if (!u || who->address.n >= sizeof u->address) {
        free(u);
        return NULL;
    }
    u->refs = 1;
    u->service = service;
    u->session = s;
    u->loop = imap_engine(s)->loop;
    u->id = who->actor.id;
    u->read_only = who->actor.read_only;
    memcpy(u->address, who->address.p, who->address.n);
    net_text(&peer, &imap_peer(s)->address);
    memcpy(u->peer, peer.p, peer.n);
    imap_call_init(&u->call, u);
    return u;
}

/* ---- log-in ---- */
static void logged_in(void *ctx, enum status st, const struct login *who)
{
    static const struct {
        enum status st;
        const char *code, *text;
    } refusals[] = {
        {UNAUTHENTICATED, "AUTHENTICATIONFAILED", "name or password is wrong"},
        {THROTTLED, "LIMIT", "there were too many failed log-ins; wait a moment"},
    };
    struct imap *s = ctx;
    struct imap_user *u = st == OK ? user_new(*imap_slot(s), s, who) : NULL;
    if (u) {
        *imap_slot(s) = u;
        imap_done(s, "OK", NULL, "logged in");
        return;
    }
    *imap_slot(s) = NULL;
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        if (refusals[i].st == st) {
            imap_done(s, "NO", refusals[i].code, refusals[i].text);
            return;
        }
    imap_done(s, "NO", "UNAVAILABLE", "log-ins cannot be checked just now; try again in a moment");
}

static void on_login(void *ctx, struct imap *s, const struct imap_credentials *who)
{
    struct imap_service *service = ctx;
    *imap_slot(s) = service; /* until there is a user */
    const struct mail_login in = {.protocol = "imap",
                                  .peer = imap_peer(s),
                                  .authorize = who->authorize,
                                  .user = who->user,
                                  .password = who->password,
                                  .proof = who->proof,
                                  .read_only = true};
    mail_login(&service->base, imap_engine(s)->loop, &in, logged_in, s);
}

static enum status on_verifier(void *ctx, const struct line_peer *peer, struct str user,
                               struct scram_verifier *out)
{
    return mail_verifier(&((struct imap_service *)ctx)->base, peer, user, out);
}

/* ---- a command ---- */
static void command_back(struct loop_post *p)
{
    struct imap_call *c = CONTAINER_OF(p, struct imap_call, post);
    struct imap *s = c->user->session;
    if (c->st == OK && c->out.st != OK)
        c->st = c->out.st;
    if (c->out.st == OK) /* otherwise it ends anywhere */
        buf_add(imap_answers(s), buf_view(&c->out));
    buf_clear(&c->out);
    imap_enable(s, c->enabled);
    if (c->more && c->st == OK && !c->bye) {
        imap_more(s);
        return;
    }
    imap_set_state(s, c->state);
    imap_conclude(s, c);
}

/* Of commands by number all but these may hear of an expunge before their end (RFC 9051 section 7.5.1). */
static bool may_expunge(const struct imap_command *command)
{
    static const bool keeps[IMAP_VERB_COUNT] = {[IMAP_FETCH] = true,
                                                [IMAP_SEARCH] = true,
                                                [IMAP_SORT] = true,
                                                [IMAP_STORE] = true,
                                                [IMAP_THREAD] = true};
    return command->uid || !keeps[command->verb];
}

/* What is new in the selected mailbox is told with every command; SELECT has told it all. */
static void tell_news(struct imap_call *c)
{
    bool fresh = c->command->verb == IMAP_SELECT || c->command->verb == IMAP_EXAMINE;
    if (!c->user->view || fresh || c->more || c->st < 0 || c->bye)
        return;
    enum status st = imap_view_sync(c, may_expunge(c->command));
    if (st == GONE)
        c->bye = "the mailbox is not there any more; good-bye";
    else if (st < 0)
        c->st = st;
}

static void command_run(struct job *job)
{
    struct imap_call *c = CONTAINER_OF(job, struct imap_call, job);
    c->more = false;
    c->st = c->user->ready ? OK : imap_first_mailboxes(c);
    if (c->st == OK) {
        c->user->ready = true;
        c->st = rows[c->command->verb](c);
    }
    tell_news(c);
    loop_post(c->user->loop, &c->post);
}

static void on_command(void *ctx, struct imap *s, const struct imap_command *command)
{
    struct imap_service *service = ctx;
    struct imap_user *u = *imap_slot(s);
    struct imap_call *c = &u->call;
    if (!rows[command->verb]) {
        imap_done(s, "BAD", NULL, "this command is not known here");
        return;
    }
    if (!c->more) {
        imap_call_free(c);
        imap_call_init(c, u);
        c->command = command;
        c->state = imap_state(s);
    }
    c->enabled = imap_enabled(s);
    c->job.fn = command_run;
    c->post.fn = command_back;
    enum status st =
        worker_submit(service->base.pool, &c->job); /* the call is the worker's then, and its status too */
    if (st != OK) {
        c->st = st;
        c->more = false;
        imap_conclude(s, c);
    }
}

/* ---- the end ---- */
static void on_leave(void *ctx, struct imap *s)
{
    struct imap_user *u = *imap_slot(s);
    if (!u || (void *)u == ctx)
        return;
    *imap_slot(s) = NULL;
    u->session = NULL;
    imap_user_drop(u);
}

/* ---- for run() ---- */
struct store *imap_store(const struct imap_call *c)
{
    return c->user->service->base.store;
}

enum status imap_actor(struct imap_call *c, struct tx *tx, struct actor *out)
{
    enum status st = directory_actor(c->user->service->base.dir, tx, &c->arena, c->user->id, out);
    if (st == OK && c->user->read_only)
        out->read_only = true;
    return st;
}

enum status imap_write(struct imap_call *c, struct write *w)
{
    return store_run(imap_store(c), w);
}

struct bit {
    unsigned ours, theirs;
};
static const struct bit flag_bits[] = {{MESSAGE_SEEN, IMAP_SEEN},       {MESSAGE_ANSWERED, IMAP_ANSWERED},
                                       {MESSAGE_FLAGGED, IMAP_FLAGGED}, {MESSAGE_DELETED, IMAP_DELETED},
                                       {MESSAGE_DRAFT, IMAP_DRAFT},     {0, 0}};
static const struct bit use_bits[] = {{SPECIAL_SENT, IMAP_USE_SENT},       {SPECIAL_DRAFTS, IMAP_USE_DRAFTS},
                                      {SPECIAL_TRASH, IMAP_USE_TRASH},     {SPECIAL_JUNK, IMAP_USE_JUNK},
                                      {SPECIAL_ARCHIVE, IMAP_USE_ARCHIVE}, {0, 0}};

static unsigned inward(const struct bit *rows_, unsigned theirs)
{
    unsigned ours = 0;
    for (; rows_->ours; rows_++)
        if (theirs & rows_->theirs)
            ours |= rows_->ours;
    return ours;
}

static unsigned outward(const struct bit *rows_, unsigned ours)
{
    unsigned theirs = 0;
    for (; rows_->ours; rows_++)
        if (ours & rows_->ours)
            theirs |= rows_->theirs;
    return theirs;
}

unsigned imap_flags_in(unsigned imap)
{
    return inward(flag_bits, imap);
}

unsigned imap_flags_out(unsigned message)
{
    return outward(flag_bits, message);
}

unsigned imap_use_in(unsigned imap)
{
    return inward(use_bits, imap);
}

unsigned imap_use_out(unsigned special)
{
    return outward(use_bits, special);
}

/* ---- the service ---- */
enum status imap_service_new(const struct mail_base *base, struct imap_service **out)
{
    struct imap_service *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    s->base = *base;
    pthread_mutex_init(&s->lock, NULL);
    enum status st = imap_views_new(&s->views);
    if (st == OK)
        st = store_listen(base->store, imap_changed, s);
    if (st != OK) {
        imap_service_free(s);
        return st;
    }
    *out = s;
    return OK;
}

void imap_service_free(struct imap_service *s)
{
    if (!s)
        return;
    imap_views_free(s->views);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct imap_ops imap_service_ops = {
    .capabilities =
        "UNSELECT CONDSTORE QRESYNC BINARY OBJECTID SAVEDATE PREVIEW PARTIAL UIDONLY I18NLEVEL=1 ESEARCH "
        "SEARCHRES WITHIN SEARCH=FUZZY SORT SORT=DISPLAY ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES "
        "INPROGRESS "
        "CHILDREN SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS LIST-MYRIGHTS STATUS=SIZE "
        "APPENDLIMIT MULTIAPPEND CATENATE QUOTA QUOTA=RES-STORAGE ACL RIGHTS=texk UTF8=ACCEPT LIST-METADATA "
        "METADATA UIDPLUS MOVE REPLACE",
    .enables = IMAP_ENABLED_CONDSTORE | IMAP_ENABLED_QRESYNC | IMAP_ENABLED_UIDONLY | IMAP_ENABLED_UTF8,
    .login = on_login,
    .verifier = on_verifier,
    .command = on_command,
    .idle = imap_idle,
    .leave = on_leave,
    .end = on_leave,
};
