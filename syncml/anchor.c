/* syncml/anchor.c: anchors: does the device's last sync agree with what we know of it, and so which sync it can be (OMA DS section
 * 5.2); and how the end of a session is put on record.
 *
 * Three records, each in the closure of the message that it belongs to:
 *   note      the device's Sync has begun: what session it is, so that it can be resumed (225)
 *   pending   our last message of the changes goes out: if the device has got it, it takes the session for done, whatever becomes
 *             of its answer; its anchor is accepted then, while ours stay where they were and seen_seq tells what is missing
 *   commit    the device's last message is in: both sides' anchors move
 *
 * The anchor's text `resume` has a line each: "view ID:SEQ,…" (collections and up to where they were sent), "filter", "type"
 * (that the device sends), "maps 1" (it tells Maps also in a later session), "unmapped 1" (it resumed, and ended without Maps for what
 * went to it before), and of a session under way "mode", "round", "client", "server", "final 1" when it is pending, and "over 1"
 * when the device has begun another one since: that one may have broken off before it was noted, and is what 225 is about. */
#include "core/clock.h"
#include "syncml/engine.h"

#include <stdio.h>
#include <stdlib.h>

struct note { /* what `resume` says */
    struct str view, filter, client, server;
    struct str type; /* that the device sends, "text/vcard;3.0" */
    int64_t mode, round;
    bool final, maps, unmapped, over;
};

/* ---- its text ---- */

static void note_read(struct arena *a, struct str text, struct note *n)
{
    struct str rest = text, line, key;
    *n = (struct note){.filter = STR("")};
    while (str_split(&rest, '\n', &line)) {
        struct str value = STR("");
        if (!str_split(&line, ' ', &key) || !line.p || http_unescape(a, line, true, &value))
            continue;
        if (str_eq(key, STR("view")))
            n->view = value;
        else if (str_eq(key, STR("filter")))
            n->filter = value;
        else if (str_eq(key, STR("client")))
            n->client = value;
        else if (str_eq(key, STR("server")))
            n->server = value;
        else if (str_eq(key, STR("type")))
            n->type = value;
        else if (str_eq(key, STR("mode")))
            str_i64(value, &n->mode);
        else if (str_eq(key, STR("round")))
            str_i64(value, &n->round);
        else if (str_eq(key, STR("final")))
            n->final = true;
        else if (str_eq(key, STR("maps")))
            n->maps = true;
        else if (str_eq(key, STR("unmapped")))
            n->unmapped = true;
        else if (str_eq(key, STR("over")))
            n->over = true;
    }
}

static void note_line(struct buf *out, const char *key, struct str value)
{
    if (!value.n)
        return;
    buf_addf(out, "%s ", key);
    http_escape(out, value, ":,;");
    buf_addc(out, '\n');
}

static void note_number(struct buf *out, const char *key, int64_t value)
{
    if (value)
        buf_addf(out, "%s %lld\n", key, (long long)value);
}

static struct str note_write(struct arena *a, const struct note *n)
{
    SCOPED_BUF(out, DEVICE_RESUME_BYTES);
    note_line(&out, "view", n->view);
    note_line(&out, "filter", n->filter);
    note_line(&out, "type", n->type);
    note_line(&out, "client", n->client);
    note_line(&out, "server", n->server);
    note_number(&out, "mode", n->mode);
    note_number(&out, "round", n->round);
    note_number(&out, "final", n->final);
    note_number(&out, "maps", n->maps);
    note_number(&out, "unmapped", n->unmapped);
    note_number(&out, "over", n->over);
    return out.st ? STR_NONE : arena_str(a, buf_view(&out));
}

static struct str view_text(struct arena *a, const struct database *db)
{
    SCOPED_BUF(out, DEVICE_RESUME_BYTES / 2);
    for (size_t i = 0; i < db->source_count; i++)
        buf_addf(&out, "%s%lld:%lld", i ? "," : "", (long long)db->sources[i].collection,
                 (long long)db->sources[i].upto);
    return out.st ? STR_NONE : arena_str(a, buf_view(&out));
}

/* Up to where a collection was sent then; -1: it was not in the view. */
static int64_t view_seq(struct str view, int64_t collection)
{
    struct str rest = view, one, id;
    int64_t n, seq;
    while (str_split(&rest, ',', &one))
        if (str_split(&one, ':', &id) && str_i64(id, &n) && n == collection && str_i64(one, &seq))
            return seq;
    return -1;
}

static bool view_lost(const struct database *db, struct str view)
{
    struct str rest = view, one, id;
    int64_t n;
    while (str_split(&rest, ',', &one))
        if (str_split(&one, ':', &id) && str_i64(id, &n) && database_source_of(db, n) == SIZE_MAX)
            return true;
    return false;
}

/* ---- judging ---- */

struct known { /* what the store says of the last session */
    struct anchor an;
    struct note note;
    bool found, stale;
    bool unmapped; /* Adds went out in a session that did not end, and were not mapped */
};

static enum status load_source(struct turn *t, struct tx *tx, struct database *db, struct db_source *src,
                               struct known *k)
{
    struct collection c;
    enum status st = collection_get(tx, t->a, &t->s->login.actor, src->collection, &c);
    if (st)
        return st;
    src->since = 0;
    src->upto = c.seq;
    if (!k->found)
        return OK;
    st = anchor_seq(tx, t->s->device.id, db->name, src->collection, &src->since);
    if (st && st != NOT_FOUND)
        return st;
    int64_t sent = view_seq(k->note.view, src->collection);
    int64_t known = sent > src->since ? sent : src->since;
    k->stale |= (known > 0 && known < c.horizon) || src->since > c.seq;
    return OK;
}

static enum status load(struct turn *t, struct tx *tx, struct database *db, struct known *k)
{
    *k = (struct known){.note = {.filter = STR("")}};
    enum status st = anchor_get(tx, t->a, t->s->device.id, db->name, &k->an);
    if (st && st != NOT_FOUND)
        return st;
    k->found = st == OK;
    if (k->found) {
        note_read(t->a, k->an.resume, &k->note);
        k->stale = !str_eq(k->an.epoch, store_epoch(t->sml->store));
    }
    bool any, unseen;
    st = luid_unconfirmed(tx, t->s->device.id, db->name, &any, &unseen);
    k->unmapped = unseen || (any && (k->note.mode || k->note.unmapped));
    for (size_t i = 0; i < db->source_count && st == OK; i++)
        st = load_source(t, tx, db, &db->sources[i], k);
    return st;
}

static bool is_same(struct str last, struct str stored)
{
    return last.n && str_eq(last, stored);
}

static enum db_mode without_anchor(int asked)
{
    if (asked == MODE_FROM_CLIENT)
        return MODE_REFRESH_FROM_CLIENT;
    return asked == MODE_FROM_SERVER ? MODE_REFRESH_FROM_SERVER : MODE_SLOW;
}

static bool can_resume(const struct database *db, const struct known *k)
{
    bool slow = k->note.round != 0;
    return k->found && !k->stale && k->note.mode && !k->note.final && !k->note.over &&
           (slow || !db->client_last.n || is_same(db->client_last, k->an.client_next));
}

static void choose(struct database *db, const struct known *k, int asked, int *code)
{
    bool pending = k->found && k->note.final && is_same(db->client_last, k->note.client);
    bool agrees = k->found && !k->stale && (pending || is_same(db->client_last, k->an.client_next));
    bool incremental = asked == MODE_TWO_WAY || asked == MODE_FROM_CLIENT || asked == MODE_FROM_SERVER;
    *code = 200;
    db->mode = (enum db_mode)asked;
    db->unsure = k->unmapped && !db->remembers;
    if (asked == ALERT_RESUME) {
        db->resumed = can_resume(db, k);
        db->mode = db->resumed ? (enum db_mode)k->note.mode : MODE_SLOW;
        *code = db->resumed ? 200 : 508;
    } else if (incremental && (!agrees || (db->unsure && asked == MODE_TWO_WAY))) {
        db->mode = without_anchor(asked);
        db->spare = true;
        *code = 508;
    }
    if (agrees)
        db->server_last = pending ? k->note.server : k->an.server_next;
}

static bool is_wider(const struct window *now, const struct window *old)
{
    bool was = old->from || old->until, is = now->from || now->until;
    return was && !is;
}

static void compare_filter(struct database *db, const struct known *k)
{
    db->old_window = (struct window){k->an.window_from, k->an.window_until};
    db->rescan = !str_eq(k->note.filter.p ? k->note.filter : STR(""), db->filter.text) ||
                 is_wider(&db->filter.window, &db->old_window);
    db->left = view_lost(db, k->note.view);
}

/* The arena of the session owns what the database keeps. */
static void adopt(struct session *s, struct str *text)
{
    *text = text->p ? arena_str(&s->arena, *text) : STR_NONE;
}

/* What was under way is not what a 225 to come is about (`over`). A device that is told to sync slowly has no use any more for Maps
 * that it still had to tell, whatever becomes of that sync before it is on record (`maps`). */
struct over_step {
    struct step step;
    struct str db;
    bool over, maps;
};

static enum status run_over(struct step *step, struct tx *tx)
{
    const struct over_step *o = CONTAINER_OF(step, struct over_step, step);
    int64_t device = step->turn->s->device.id;
    struct anchor an;
    struct note n;
    SCOPED_ARENA(a, 4 << 20);
    enum status st = anchor_get(tx, &a, device, o->db, &an);
    if (st)
        return st == NOT_FOUND ? OK : st;
    note_read(&a, an.resume, &n);
    n.over |= o->over;
    n.maps &= !o->maps;
    an.resume = note_write(&a, &n);
    return a.st ? a.st : tx_anchor_put(tx, device, &an);
}

static void end_other(struct turn *t, const struct database *db, bool over, bool maps)
{
    struct over_step *o = ARENA_NEW(t->a, struct over_step);
    if (!o) {
        t->st = t->a->st;
        return;
    }
    *o = (struct over_step){.step = {.run = run_over}, .db = db->name, .over = over, .maps = maps};
    step_add(t, &o->step, false);
}

enum status anchor_judge(struct turn *t, struct tx *tx, struct database *db, int asked, int *code)
{
    struct known k;
    enum status st = load(t, tx, db, &k);
    if (st)
        return st;
    db->history = db->client_last.n > 0;
    struct str version = k.note.type, type;
    if (str_split(&version, ';', &type))
        db->sent_type = content_type_of(type, version, STR(""));
    db->remembers = k.note.maps || unmapped_told(t, db);
    choose(db, &k, asked, code);
    bool over = k.note.mode && !k.note.over && !db->resumed;
    bool maps = k.note.maps && k.unmapped && db->mode == MODE_SLOW && !db->resumed;
    if (over || maps)
        end_other(t, db, over, maps);
    compare_filter(db, &k);
    db->round = 0;
    if (db->mode == MODE_SLOW || db->mode == MODE_REFRESH_FROM_CLIENT ||
        db->mode == MODE_REFRESH_FROM_SERVER) {
        db->round = db->resumed ? k.note.round : clock_now_ms();
        if (!db->resumed && db->round <= k.note.round)
            db->round = k.note.round + 1;
        for (size_t i = 0; i < db->source_count; i++)
            db->sources[i].since = 0;
    }
    struct caltime now = caltime_from_seconds(t->now);
    now.is_utc = true;
    SCOPED_BUF(text, 64);
    caltime_write(&text, &now);
    db->server_next = buf_view(&text);
    adopt(t->s, &db->server_next);
    adopt(t->s, &db->server_last);
    return t->s->arena.st;
}

void anchor_lower(struct database *db, size_t source, int64_t seq)
{
    if (source < db->source_count && seq < db->sources[source].low)
        db->sources[source].low = seq;
}

/* ---- records ---- */

enum record { RECORD_NOTE, RECORD_PENDING, RECORD_COMMIT };

struct record_step {
    struct step step;
    struct database *db;
    enum record what;
    int64_t *seqs; /* of the sources, with COMMIT; -1: stays */
    struct note note;
    struct str view;
};

static enum status put(struct record_step *r, struct tx *tx, struct arena *a)
{
    struct turn *t = r->step.turn;
    struct database *db = r->db;
    struct anchor an;
    struct note old;
    enum status st = anchor_get(tx, a, t->s->device.id, db->name, &an);
    if (st && st != NOT_FOUND)
        return st;
    if (st == NOT_FOUND)
        an = (struct anchor){.client_next = STR(""), .server_next = STR("")};
    note_read(a, an.resume, &old);
    an.db = db->name;
    if (r->what == RECORD_COMMIT) {
        an.client_next = db->client_next;
        an.server_next = db->server_next;
        an.window_from = db->filter.window.from;
        an.window_until = db->filter.window.until;
        an.at = t->now;
    } else if (db->round) { /* a sync of the whole: the old anchors mean nothing from here on */
        an.client_next = an.server_next = STR("");
    }
    an.epoch = store_epoch(tx_store(tx));
    if (r->what != RECORD_COMMIT) { /* as far as the last complete session went */
        r->note.view = old.view;
        r->note.filter = old.filter;
    }
    r->note.maps = old.maps || db->remembers;
    bool any = false, unseen;
    if (r->what == RECORD_COMMIT && db->resumed)
        st = luid_unconfirmed(tx, t->s->device.id, db->name, &any, &unseen);
    if (st < 0)
        return st;
    r->note.unmapped = any;
    an.resume = note_write(a, &r->note);
    return tx_anchor_put(tx, t->s->device.id, &an);
}

static enum status run_record(struct step *step, struct tx *tx)
{
    struct record_step *r = CONTAINER_OF(step, struct record_step, step);
    int64_t device = step->turn->s->device.id;
    SCOPED_ARENA(a, 4 << 20);
    enum status st = put(r, tx, &a);
    for (size_t i = 0; i < r->db->source_count && st == OK; i++) {
        int64_t collection = r->db->sources[i].collection;
        if (r->what == RECORD_COMMIT && r->seqs[i] >= 0)
            st = tx_anchor_seq_put(tx, device, r->db->name, collection, r->seqs[i]);
        else if (r->what == RECORD_NOTE && r->db->round && !r->db->resumed)
            st = tx_anchor_seq_put(tx, device, r->db->name, collection, 0);
    }
    if (st == OK && r->what == RECORD_COMMIT)
        st = tx_partial_put(tx, device, r->db->name, NULL);
    return st;
}

static struct record_step *record(struct turn *t, struct database *db, enum record what)
{
    struct record_step *r = ARENA_NEW(t->a, struct record_step);
    if (!r) {
        t->st = t->a->st;
        return NULL;
    }
    *r = (struct record_step){.step = {.run = run_record}, .db = db, .what = what};
    r->note = (struct note){.view = view_text(t->a, db), .filter = db->filter.text};
    if (db->sent_type)
        r->note.type = arena_strf(t->a, "%.*s;%.*s", STR_ARG(content_mime(db->sent_type)),
                                  STR_ARG(content_version(db->sent_type)));
    if (what != RECORD_COMMIT) {
        r->note.mode = (int64_t)db->mode;
        r->note.round = db->round;
        r->note.client = db->client_next;
        r->note.server = db->server_next;
        r->note.final = what == RECORD_PENDING;
    }
    return r;
}

void anchor_note(struct turn *t, struct database *db)
{
    struct record_step *r = db->noted ? NULL : record(t, db, RECORD_NOTE);
    if (!r)
        return;
    db->noted = true;
    step_add(t, &r->step, false);
}

void anchor_pending(struct turn *t, struct database *db)
{
    struct record_step *r = record(t, db, RECORD_PENDING);
    if (r)
        step_add(t, &r->step, false);
}

/* Below everything that the device has not confirmed. */
static int64_t seq_reached(const struct session *s, const struct database *db, size_t source)
{
    int64_t low = db->sources[source].low;
    for (size_t i = s->sent_first; i < s->sent_count; i++) {
        const struct sent *n = &s->sent[i];
        if (n->db == db && n->source == source && !n->done && n->seq < low)
            low = n->seq;
    }
    int64_t upto = db->sources[source].upto;
    return low <= upto ? low - 1 : upto;
}

void anchor_commit(struct turn *t, struct database *db)
{
    struct record_step *r = record(t, db, RECORD_COMMIT);
    int64_t *seqs = ARENA_ARRAY(t->a, int64_t, db->source_count);
    if (!r || !seqs) {
        t->st = t->a->st;
        return;
    }
    for (size_t i = 0; i < db->source_count; i++)
        seqs[i] = database_sends(db) ? seq_reached(t->s, db, i) : -1;
    r->seqs = seqs;
    db->state = DB_OVER;
    step_add(t, &r->step, false);
}
