/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_RESPONSE_HPP
#define HTTPCLIENT_RESPONSE_HPP

/**
 * @file
 * Part of httpclient.hpp: responses.
 */

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base.hpp"
#include "error.hpp"

namespace httpclient
{

/* ---- Responses --------------------------------------------------------------------------- */

/** Status, headers, body, timings and attempts. All it returns is borrowed until its last reference is gone. */
class response : public detail::handle<httpc_response, httpc_response_free>
{
  public:
    using handle::handle;

    /** One more reference to the same response (httpc_response_ref()). */
    response share() const noexcept { return response(httpc_response_ref(native_handle())); }

    std::int32_t status() const noexcept { return httpc_response_status(native_handle()); }
    std::string_view reason() const noexcept HTTPCLIENT_BORROWED { return httpc_response_reason(native_handle()); }
    std::optional<std::string_view> header(const text &name) const noexcept HTTPCLIENT_BORROWED
    {
        return detail::view(httpc_response_header(native_handle(), name.c_str()));
    }
    /** A range of header_field, in the server's order. */
    detail::response_headers headers() const &noexcept HTTPCLIENT_BORROWED
    {
        return {native_handle(), httpc_response_header_count(native_handle())};
    }
    detail::response_headers headers() const && = delete; /* a loop over it would outlive the response */
    /** A field that came after the body (httpc_response_trailer()). */
    std::optional<std::string_view> trailer(const text &name) const noexcept HTTPCLIENT_BORROWED
    {
        return detail::view(httpc_response_trailer(native_handle(), name.c_str()));
    }
    /** A range of header_field, in the server's order. */
    detail::response_trailers trailers() const &noexcept HTTPCLIENT_BORROWED
    {
        return {native_handle(), httpc_response_trailer_count(native_handle())};
    }
    detail::response_trailers trailers() const && = delete;
    /** Any bytes; those of a text body are a string. */
    std::string_view body() const noexcept HTTPCLIENT_BORROWED
    {
        std::size_t length = 0;
        const void *bytes = httpc_response_body(native_handle(), &length);
        return {static_cast<const char *>(bytes), length};
    }
    std::string_view error_detail() const noexcept HTTPCLIENT_BORROWED
    {
        return httpc_response_error_detail(native_handle());
    }
    /** In bytes (httpc_response_size()). */
    std::uint64_t size(httpc_size which) const noexcept { return httpc_response_size(native_handle(), which); }
    /** Where the first link with that relation leads (httpc_response_link()). */
    std::optional<std::string_view> link(const text &rel) const noexcept HTTPCLIENT_BORROWED
    {
        return detail::view(httpc_response_link(native_handle(), rel.c_str()));
    }

    std::string_view url() const noexcept HTTPCLIENT_BORROWED { return httpc_response_url(native_handle()); }
    httpc_http_version http_version() const noexcept { return httpc_response_http_version(native_handle()); }
    httpc_tls_version tls_version() const noexcept { return httpc_response_tls_version(native_handle()); }
    std::string_view tls_cipher() const noexcept HTTPCLIENT_BORROWED
    {
        return httpc_response_tls_cipher(native_handle());
    }
    std::size_t certificate_count() const noexcept { return httpc_response_certificate_count(native_handle()); }
    /** Empty past the last. */
    std::string_view certificate_der(std::size_t index) const noexcept HTTPCLIENT_BORROWED
    {
        std::size_t length = 0;
        const void *der = httpc_response_certificate_der(native_handle(), index, &length);
        return {static_cast<const char *>(der), length};
    }
    std::optional<std::string_view> certificate_pem(std::size_t index) const noexcept HTTPCLIENT_BORROWED
    {
        return detail::view(httpc_response_certificate_pem(native_handle(), index));
    }
    std::string_view peer() const noexcept HTTPCLIENT_BORROWED { return httpc_response_peer(native_handle()); }
    bool reused() const noexcept { return httpc_response_reused(native_handle()); }
    /** A range of attempt, the first one first. */
    detail::response_attempts attempts() const &noexcept HTTPCLIENT_BORROWED
    {
        return {native_handle(), httpc_response_attempts(native_handle())};
    }
    detail::response_attempts attempts() const && = delete;
    milliseconds elapsed() const noexcept
    {
        return detail::duration<milliseconds>(httpc_response_elapsed_ms(native_handle()));
    }
    microseconds time(httpc_phase when) const noexcept
    {
        return detail::duration<microseconds>(httpc_response_time_us(native_handle(), static_cast<std::int32_t>(when)));
    }

    httpc_json_type json_type(const text &pointer) const noexcept
    {
        return httpc_response_json_type(native_handle(), pointer.c_str());
    }
    /** T is an integer type, double, bool, or std::string_view for a string. HTTPC_E_JSON when there is none. */
    template <class T> result<T> try_json(const text &pointer) const HTTPCLIENT_BORROWED
    {
        if constexpr (std::is_same_v<T, bool>) {
            return detail::read<bool>(httpc_response_json_bool, native_handle(), pointer.c_str());
        } else if constexpr (std::is_integral_v<T>) {
            return json_integer<T>(pointer);
        } else if constexpr (std::is_same_v<T, double>) {
            return detail::read<double>(httpc_response_json_double, native_handle(), pointer.c_str());
        } else {
            static_assert(std::is_same_v<T, std::string_view>, "json<T>: an integer, double, bool or std::string_view");
            return json_string(pointer);
        }
    }
    result<std::size_t> try_json_length(const text &pointer) const
    {
        return detail::read<std::size_t>(httpc_response_json_length, native_handle(), pointer.c_str());
    }

#if HTTPCLIENT_EXCEPTIONS
    template <class T> T json(const text &pointer) const HTTPCLIENT_BORROWED { return try_json<T>(pointer).value(); }
    std::size_t json_length(const text &pointer) const { return try_json_length(pointer).value(); }
#endif

  private:
    template <class T> result<T> json_integer(const text &pointer) const
    {
        static constexpr detail::own_failure no_fit = {HTTPC_E_JSON,
                                                       "the integer at the JSON pointer does not fit the type"};
        auto wide = detail::read<std::int64_t>(httpc_response_json_int64, native_handle(), pointer.c_str());
        if (!wide) {
            return std::move(wide).error();
        }
        const T value = static_cast<T>(*wide);
        if (static_cast<std::int64_t>(value) != *wide || (std::is_unsigned_v<T> && *wide < 0)) {
            return httpclient::error(&no_fit);
        }
        return value;
    }

    result<std::string_view> json_string(const text &pointer) const
    {
        static constexpr detail::own_failure no_string = {HTTPC_E_JSON, "no string stands at the JSON pointer"};
        std::size_t length = 0;
        const char *string = httpc_response_json_string(native_handle(), pointer.c_str(), &length);
        if (string != nullptr) {
            return std::string_view(string, length);
        }
        /* C has no error for strings. Where nothing stands, any other type's tells why. */
        if (json_type(pointer) == HTTPC_JSON_MISSING) {
            return try_json_length(pointer).error();
        }
        return httpclient::error(&no_string);
    }
};

inline response error_view::response() const noexcept
{
    return httpclient::response(httpc_response_ref(httpc_error_response(object_)));
}

} // namespace httpclient

#endif
