/* formats/note.h: a note as plain text, and as VJOURNAL.
 *
 * The text is SUMMARY, line feed, DESCRIPTION; DESCRIPTION alone when it begins with SUMMARY. So text is read: its first line, when it has at
 * most 120 characters, is SUMMARY and the rest DESCRIPTION; where that would not be written as the same text again (a longer first
 * line, an empty one, a rest that begins with the first line or is empty), DESCRIPTION is the whole and SUMMARY the first 120 characters
 * of its first line. Text read and written is the same text but for its line ends; nothing is added to either side. */
#ifndef SCAMBIO_FORMATS_NOTE_H
#define SCAMBIO_FORMATS_NOTE_H

#include "formats/ical.h"

enum { NOTE_TITLE = 120 }; /* characters */

/* The first line of a text with line feeds, at most NOTE_TITLE characters of it. */
struct str note_title(struct str text);

/* Sets SUMMARY and DESCRIPTION of a component that has neither. CRLF, LF and CR end a line. INVALID: not UTF-8. */
enum status note_read(struct arena *a, struct str text, struct ical_comp *journal);

/* Appends SUMMARY and DESCRIPTION of the component as text with `eol` ("\n", "\r\n") at each line's end. */
enum status note_write(struct buf *out, struct arena *a, const struct ical_comp *journal, struct str eol);

#endif
