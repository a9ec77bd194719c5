/* dav/acl.h: privileges (RFC 3744, RFC 4791 section 6.1) as rights, and rights as privileges. */
#ifndef SCAMBIO_DAV_ACL_H
#define SCAMBIO_DAV_ACL_H

#include "formats/xml.h"
#include "store/rights.h"

/* What granting the privilege gives; 0: not one of ours. */
unsigned acl_privilege(const struct xml_node *element);

/* Appends <D:privilege>… for each privilege that the rights hold in full. `compact`: only the largest (an ACE
 * as it would be granted); otherwise aggregates with all that they contain (current-user-privilege-set). */
void acl_privileges_write(struct buf *out, unsigned rights, bool compact);

/* The tree of DAV:supported-privilege. */
void acl_supported_write(struct buf *out);

#endif
