/* Leaks what the library has allocated. */
#include <httpclient.h>

int main(void)
{
    httpc_config *config = NULL;

    if (httpc_config_new(&config, NULL) != HTTPC_OK)
        return 1;
    config = NULL;
    return config != NULL;
}
