// Nothing before the header, the header twice, and the C header after it.
#include <httpclient.hpp>
#include <httpclient.hpp>

#include <httpclient.h>
