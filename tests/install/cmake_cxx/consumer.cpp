// The C header from C++11, with the library's own deleters.
#include <httpclient.h>

#include <cstdio>
#include <memory>

template <typename T> using owned = std::unique_ptr<T, void (*)(T *)>;

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    httpc_client *raw_client = nullptr;
    httpc_response *raw_response = nullptr;
    httpc_error *raw_error = nullptr;

    httpc_code code = httpc_client_new(nullptr, &raw_client, &raw_error);
    owned<httpc_client> client(raw_client, httpc_client_free);
    if (code == HTTPC_OK)
        code = httpc_get(client.get(), argv[1], &raw_response, &raw_error);
    owned<httpc_response> response(raw_response, httpc_response_free);
    owned<httpc_error> error(raw_error, httpc_error_free);
    if (code != HTTPC_OK) {
        std::fprintf(stderr, "%s: %s\n", httpc_code_name(code), httpc_error_detail(error.get()));
        return 1;
    }
    std::printf("%s: %d\n", httpc_version(), static_cast<int>(httpc_response_status(response.get())));
    return httpc_response_status(response.get()) == 200 ? 0 : 1;
}
