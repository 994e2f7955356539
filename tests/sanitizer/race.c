/* Two threads change one configuration, which the header does not allow: a race between two writes in Rust code. */
#include <httpclient.h>
#include <pthread.h>

static void *change(void *config)
{
    httpc_config_set_max_idle(config, 1);
    return NULL;
}

int main(void)
{
    httpc_config *config = NULL;
    pthread_t other;

    if (httpc_config_new(&config, NULL) != HTTPC_OK || pthread_create(&other, NULL, change, config) != 0)
        return 1;
    change(config);
    pthread_join(other, NULL);
    httpc_config_free(config);
}
