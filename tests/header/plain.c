/* Nothing before the header, and the header twice. Compiled as C and as C++. */
#include <httpclient.h>
#include <httpclient.h>

extern httpc_code httpclient_header_check(httpc_client *client);
