/* server/doctor.h: what the parts of `scambio doctor` share: each says a line for each thing that it looked at. */
#ifndef SCAMBIO_SERVER_DOCTOR_H
#define SCAMBIO_SERVER_DOCTOR_H

#include "server/cmd_store.h"

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_FAIL };

struct doctor {
    struct command_call *call;
    struct cmd_list list;
    struct buf line;
    size_t failed, findings;
};

/* One line: the verdict, what was looked at, why and what to do. */
void verdict(struct doctor *d, enum verdict v, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* server/cmd_doctor_dns.c: has the hostname an address, and do the domains lead clients here? */
void doctor_dns(struct doctor *d);

#endif
