/* TLS: where authorities come from: files, directories, memory, the system, and several of them at once. */
#include "files.h"
#include "server.h"

/* Takes the config. Whether its client trusts the server that TLS names. */
static bool trusts_server(httpc_config *config)
{
    httpc_client *client = new_client(config);
    struct outcome o = get(client, text("%s/echo", address("TLS")));
    bool trusts = o.code == HTTPC_OK;
    trusts = trusts || !CHECK_CODE(o.code, HTTPC_E_CERTIFICATE);
    done(&o);
    httpc_client_free(client);
    return trusts;
}

/* Takes the config, whose client must not come to be. */
static void expect_no_client(httpc_config *config, httpc_code code, const char *says)
{
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_client_new(config, &client, &error), code);
    CHECK(client == NULL);
    clean_error(error);
    CHECK_HAS(httpc_error_detail(error), says);
    httpc_error_free(error);
    httpc_config_free(config);
}

/* With a certificate in it that has nothing to do with the server. */
static void name_a_stranger(httpc_config *config)
{
    CHECK_CODE(httpc_config_set_ca_file(config, address("CLIENT_CERT")), HTTPC_OK);
}

static void add_ca_from_memory(httpc_config *config)
{
    size_t length = 0;
    char *pem = file_content(address("CA"), &length);
    CHECK_CODE(httpc_config_add_ca_pem(config, pem, length), HTTPC_OK);
    memset(pem, 'x', length); /* it was copied */
    free(pem);
}

TEST(authorities_come_from_memory)
{
    httpc_config *config = new_config();
    add_ca_from_memory(config);
    CHECK(trusts_server(config));
}

TEST(authorities_come_from_a_directory_as_openssl_wants_it)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_ca_directory(config, address("CA_DIR")), HTTPC_OK);
    CHECK(trusts_server(config));
}

TEST(a_directory_needs_no_names_of_hashes)
{
    char directory[] = "/tmp/httpc-test-XXXXXX";
    make_directory(directory);
    size_t length = 0;
    char *pem = file_content(address("CA"), &length);
    write_file(text("%s/our authority.crt", directory), pem, length);
    write_file(text("%s/README", directory), "no certificate\n", 15);
    CHECK(symlink("nowhere", text("%s/dangling", directory)) == 0);
    free(pem);

    httpc_config *config = new_config();
    httpc_config_set_ca_directory(config, directory);
    CHECK(trusts_server(config));

    unlink(text("%s/our authority.crt", directory));
    config = new_config();
    httpc_config_set_ca_directory(config, directory);
    expect_no_client(config, HTTPC_E_TLS, directory);
    unlink(text("%s/README", directory));
    unlink(text("%s/dangling", directory));
    rmdir(directory);
}

TEST(what_is_named_replaces_the_system)
{
    httpc_config *config = new_config();
    name_a_stranger(config);
    CHECK(!trusts_server(config));
}

TEST(several_sources_add_up)
{
    httpc_config *config = new_config();
    name_a_stranger(config);
    add_ca_from_memory(config);
    CHECK(trusts_server(config));

    config = new_config();
    name_a_stranger(config);
    CHECK_CODE(httpc_config_set_ca_directory(config, address("CA_DIR")), HTTPC_OK);
    CHECK(trusts_server(config));
}

TEST(the_system_is_found_by_its_variables)
{
    setenv("SSL_CERT_FILE", address("CA"), 1);
    CHECK(trusts_server(new_config()));
    setenv("SSL_CERT_FILE", address("CLIENT_CERT"), 1);
    CHECK(!trusts_server(new_config()));
    setenv("SSL_CERT_DIR", address("CA_DIR"), 1);
    CHECK(trusts_server(new_config()));
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    CHECK(!trusts_server(new_config()));
}

TEST(named_authorities_can_come_beside_the_systems)
{
    setenv("SSL_CERT_FILE", address("CA"), 1);
    httpc_config *config = new_config();
    name_a_stranger(config);
    CHECK(!trusts_server(config));

    config = new_config();
    name_a_stranger(config);
    CHECK_CODE(httpc_config_set_system_ca(config, 1), HTTPC_OK);
    CHECK(trusts_server(config));

    /* And the other way round: the system knows nothing of the server. */
    setenv("SSL_CERT_FILE", address("CLIENT_CERT"), 1);
    config = new_config();
    add_ca_from_memory(config);
    httpc_config_set_system_ca(config, 1);
    CHECK(trusts_server(config));
    unsetenv("SSL_CERT_FILE");
}

TEST(what_cannot_be_read_is_told_when_the_client_is_made)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_directory(config, "/no/such/directory");
    expect_no_client(config, HTTPC_E_FILE, "CA directory /no/such/directory");

    config = new_config();
    httpc_config_set_ca_file(config, "/tmp");
    expect_no_client(config, HTTPC_E_FILE, "CA file /tmp");

    config = new_config();
    httpc_config_set_ca_file(config, "/dev/zero");
    expect_no_client(config, HTTPC_E_FILE, "longer than");

    config = new_config();
    httpc_config_add_ca_pem(config, "no certificate", 14);
    expect_no_client(config, HTTPC_E_TLS, "CA certificates from memory");
}

TEST(a_damaged_certificate_spoils_the_whole_bundle)
{
    size_t length = 0;
    char *pem = file_content(address("CA"), &length);
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_add_ca_pem(config, pem, length), HTTPC_OK);
    pem[length / 2] = '!';
    CHECK_CODE(httpc_config_add_ca_pem(config, pem, length), HTTPC_OK);
    free(pem);
    expect_no_client(config, HTTPC_E_TLS, "not a good certificate");
}

/* Which OpenSSL would ask for at the terminal. */
TEST(a_certificate_behind_a_password_is_refused)
{
    size_t length = 0;
    char *pem = file_content(address("CA"), &length);
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    CHECK(strncmp(pem, begin, sizeof begin - 1) == 0);
    const char *encrypted = text("%sProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n%s",
                                 begin, pem + sizeof begin - 1);
    free(pem);
    httpc_config *config = new_config();
    httpc_config_add_ca_pem(config, encrypted, strlen(encrypted));
    expect_no_client(config, HTTPC_E_TLS, "not a good certificate");
}
