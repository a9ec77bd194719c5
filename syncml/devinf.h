/* syncml/devinf.h: device information (DevInf 1.0, 1.1, 1.2): reading the device's, writing ours. */
#ifndef SCAMBIO_SYNCML_DEVINF_H
#define SCAMBIO_SYNCML_DEVINF_H

#include "syncml/message.h"

struct devinf_type {
    struct str type, version; /* "text/x-vcard", "2.1" */
    struct devinf_type *next;
};

struct devinf_value {
    struct str text;
    struct devinf_value *next;
};

struct devinf_prop { /* CTCap: a property, or a parameter of one */
    struct str name;
    int64_t size;                /* -1 */
    int64_t max_occur;           /* 1.2; -1 */
    bool no_truncate;            /* 1.2 */
    struct devinf_value *values; /* ValEnum; 1.1: of a parameter too */
    struct devinf_prop *params;
    struct devinf_prop *next;
};

struct devinf_cap { /* properties of one type */
    struct devinf_type type;
    struct devinf_prop *props;
    struct devinf_cap *next;
};

struct devinf_filter { /* FilterCap, 1.2 */
    struct devinf_type type;
    struct devinf_value *keywords, *props;
    struct devinf_filter *next;
};

struct devinf_store {
    struct str source; /* SourceRef as the device calls it */
    struct str display;
    int64_t max_guid; /* MaxGUIDSize; -1 */
    struct devinf_type rx_pref, tx_pref, *rx, *tx;
    struct devinf_cap *caps; /* 1.2; in 1.0 and 1.1 see devinf.caps */
    unsigned sync_types;     /* bit N: SyncType N */
    bool hierarchical;
    struct devinf_type *filter_rx; /* 1.2: grammars of filters */
    struct devinf_filter *filters; /* 1.2 */
    struct devinf_store *next;
};

struct devinf {
    struct str version, man, mod, oem, fwv, swv, hwv, devid, devtyp;
    bool utc, large_objects, number_of_changes;
    struct devinf_store *stores;
    struct devinf_cap *caps;
};

/* From the DevInf element inside of a Put or Results; unknown elements are skipped. INVALID with *why. */
enum status devinf_read(struct arena *a, const struct sml_node *inner, struct devinf *out, struct str *why);
/* DevInf on its own in either encoding, as it lies in the store (we keep it as XML) or in opaque data. */
enum status devinf_parse(struct arena *a, struct str bytes, const struct sml_limits *limits,
                         struct devinf *out, struct str *why);
/* As XML on its own, for keeping; see out->st. */
void devinf_write_xml(struct buf *out, struct arena *a, const struct devinf *d, enum sml_version version);
/* For the `inner` of an item of a Results or Put. Order of the DTD of that version; NULL when the arena is out (see its st). */
const struct sml_node *devinf_tree(struct arena *a, const struct devinf *d, enum sml_version version);

#endif
