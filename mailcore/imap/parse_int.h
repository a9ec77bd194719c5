/* mailcore/imap/parse_int.h: the grammars of arguments, a function a kind of command, for the table in imap_parse.c. Each begins
 * behind the command's name, at the space if there is one. */
#ifndef SCAMBIO_MAILCORE_IMAP_PARSE_INT_H
#define SCAMBIO_MAILCORE_IMAP_PARSE_INT_H

#include "mailcore/imap/lex.h"

/* imap_parse_fetch.c */
bool imap_args_fetch(struct imap_in *in, struct imap_command *out);
bool imap_args_store(struct imap_in *in, struct imap_command *out);
/* An item, or "(" items ")"; `macros`: ALL, FAST and FULL may stand alone. */
bool imap_fetch_list(struct imap_in *in, bool macros, struct imap_fetch_list *out);

/* imap_parse_search.c */
bool imap_args_search(struct imap_in *in, struct imap_command *out);
bool imap_args_sort(struct imap_in *in, struct imap_command *out);
bool imap_args_thread(struct imap_in *in, struct imap_command *out);

/* imap_parse_mailbox.c */
bool imap_args_select(struct imap_in *in, struct imap_command *out);
bool imap_args_create(struct imap_in *in, struct imap_command *out);
bool imap_args_mailbox(struct imap_in *in, struct imap_command *out);
bool imap_args_rename(struct imap_in *in, struct imap_command *out);
bool imap_args_copy(struct imap_in *in, struct imap_command *out);
bool imap_args_expunge(struct imap_in *in, struct imap_command *out);
bool imap_args_status(struct imap_in *in, struct imap_command *out);
bool imap_status_items(struct imap_in *in, unsigned *items);

/* imap_parse_list.c */
bool imap_args_list(struct imap_in *in, struct imap_command *out);
bool imap_args_lsub(struct imap_in *in, struct imap_command *out);

/* imap_parse_append.c */
bool imap_args_append(struct imap_in *in, struct imap_command *out);
bool imap_args_replace(struct imap_in *in, struct imap_command *out);

/* imap_parse_admin.c */
bool imap_args_acl_mailbox(struct imap_in *in, struct imap_command *out);
bool imap_args_acl_identifier(struct imap_in *in, struct imap_command *out);
bool imap_args_setacl(struct imap_in *in, struct imap_command *out);
bool imap_args_getquota(struct imap_in *in, struct imap_command *out);
bool imap_args_getquotaroot(struct imap_in *in, struct imap_command *out);
bool imap_args_setquota(struct imap_in *in, struct imap_command *out);
bool imap_args_getmetadata(struct imap_in *in, struct imap_command *out);
bool imap_args_setmetadata(struct imap_in *in, struct imap_command *out);
bool imap_args_id(struct imap_in *in, struct imap_command *out);
bool imap_args_notify(struct imap_in *in, struct imap_command *out);
/* "(" option *(SP option) ")" of METADATA. */
bool imap_metadata_options(struct imap_in *in, struct imap_metadata_options *out);
/* An entry or "(" entries ")". */
bool imap_entries(struct imap_in *in, struct imap_strings *out);

#endif
