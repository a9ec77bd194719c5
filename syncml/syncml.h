/* syncml/syncml.h: the SyncML / OMA DS server (1.0, 1.1, 1.2; XML and WBXML): what server/ calls.
 *
 * syncml_handle() answers one POST to /syncml: it is one message of a session. It reads the message (message.h: XML or WBXML
 * into one tree of structs), finds or opens the session (session.h), judges the log-in (auth.c), plays its commands (engine
 * files named after what they do), commits once, and writes the answer inside of what the device can take (writer.h).
 * Content is converted at the door (content.h) by what the phone can do (phone.h, clients/phones). */
#ifndef SCAMBIO_SYNCML_SYNCML_H
#define SCAMBIO_SYNCML_SYNCML_H

#include "core/conf.h"
#include "core/http.h"
#include "directory/directory.h"

struct syncml;          /* settings of one configuration */
struct syncml_sessions; /* sessions under way; outlives reloads */

enum status syncml_sessions_new(struct store *store, struct directory *dir, struct syncml_sessions **out);
void syncml_sessions_free(struct syncml_sessions *s); /* NULL is allowed */

enum status syncml_new(struct syncml_sessions *sessions, const struct conf *conf, struct syncml **out);
void syncml_free(struct syncml *s);
/* Reads what the configuration names for SyncML: a line in `mistakes` for each that is wrong (INVALID), as conf_load does. */
enum status syncml_check(const struct conf *conf, struct buf *mistakes);

/* Always ends in http_finish(t). Logs in by what the message holds. `secure`: a password may be taken in clear here. */
void syncml_handle(struct syncml *s, struct http_txn *t, bool secure);

/* The largest message taken, known before it is read. */
size_t syncml_body_limit(const struct syncml *s, struct str method);

#endif
