/* dav/filter_cal.h: a CALDAV:filter as a tree; between filter_cal.c (reads it) and filter_cal_match.c (judges
 * objects). */
#ifndef SCAMBIO_DAV_FILTER_CAL_H
#define SCAMBIO_DAV_FILTER_CAL_H

#include "dav/filter.h"

struct cal_param_filter {
    struct str name;
    bool absent;                   /* is-not-defined */
    const struct text_match *text; /* NULL: it only has to be there */
    struct cal_param_filter *next;
};

struct cal_prop_filter {
    struct str name;
    bool absent;
    const struct text_match *text;
    const struct time_range *range;
    struct cal_param_filter *params;
    struct cal_prop_filter *next;
};

struct cal_comp_filter {
    struct str name;
    bool absent;
    const struct time_range *range;
    struct cal_prop_filter *props;
    struct cal_comp_filter *comps, *next;
};

struct cal_filter {
    struct cal_comp_filter root; /* VCALENDAR */
    int64_t first, last;         /* of all times named */
    bool times;
};

#endif
