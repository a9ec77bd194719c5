/* tests/simulation/model.h: what was done to each item, by whom, and so what may be left of it in the end. */
#ifndef SCAMBIO_TESTS_SIMULATION_MODEL_H
#define SCAMBIO_TESTS_SIMULATION_MODEL_H

#include "tests/simulation/sample.h"

enum { MODEL_THINGS = 512, MODEL_EDITS = 4096 };

struct thing { /* an item, wherever its copies are */
    enum db db;
    struct sample now; /* after the last edit */
    bool
        clean; /* each edit was made on what the one before it had left: no conflict, so `now` is the only right end */
    bool may_double; /* the server could not know that an edited copy was one of this item */
    bool deleted;    /* by somebody */
    bool must_go;    /* ... on the last state, and no slow sync since could have brought it back */
};

struct model {
    struct thing things[MODEL_THINGS]; /* by tag */
    int count;
    int edits[MODEL_EDITS]; /* which tag an edit was of */
    int edit_count;
};

/* A new item; what it holds. */
struct sample model_create(struct model *m, enum db db);
/* `copy` is edited where it is: note, number or both. `orphan`: the server cannot know which item the copy was; `unsure`: which version. */
void model_edit(struct model *m, struct sample *copy, bool note, bool number, bool orphan, bool unsure);
/* Its last edit was of a copy that the server then lost sight of (an orphan). */
void model_orphan(struct model *m, const struct sample *copy);
/* `open`: a slow sync is under way that may bring it back, or the server does not know which version was deleted: an update beats it. */
void model_delete(struct model *m, const struct sample *copy, bool open);
/* A slow sync: what was deleted may come back. */
void model_slow(struct model *m);

/* What one place holds in the end: true, or why not. `seen`: how often each tag was there. */
bool model_holds(const struct model *m, const char *where, enum db db, const struct sample *items,
                 size_t count, char why[512]);

#endif
