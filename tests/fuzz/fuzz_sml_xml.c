/* Any bytes as SyncML in XML: the properties of sml_property.h. */
#include "tests/fuzz/sml_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = str_n(data, size);
    sml_property(SML_XML, body);
    sml_devinf_property(body);
    return 0;
}
