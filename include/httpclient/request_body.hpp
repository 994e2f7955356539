/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_REQUEST_BODY_HPP
#define HTTPCLIENT_REQUEST_BODY_HPP

/** @file What a request sends along, beyond bytes in memory, and where the body or the events of its response go. Included by httpclient.hpp. */

#include "base.hpp"
#include "response.hpp"

namespace httpclient
{

/** How far an attempt is, in bytes of both bodies; a total is nullopt while it is unknown. */
struct transferred {
    std::uint64_t uploaded;
    std::optional<std::uint64_t> upload_total;
    std::uint64_t downloaded;
    std::optional<std::uint64_t> download_total;
};

/** A server-sent event. Its views last until the function that receives it returns. */
struct sse_event {
    std::string_view type;
    std::string_view data;
    std::string_view id;
};

namespace detail
{

inline std::optional<std::uint64_t> known(std::uint64_t total) noexcept
{
    return total == HTTPC_UNSET ? std::nullopt : std::optional(total);
}

/* A reader, and what goes back to its first byte. */
template <class Read, class Rewind> struct source {
    Read read;
    Rewind rewind;

    static std::int64_t on_read(void *self, void *buffer, std::size_t size) noexcept
    {
        return static_cast<source *>(self)->read(static_cast<char *>(buffer), size);
    }
    static std::int32_t on_rewind(void *self) noexcept { return static_cast<source *>(self)->rewind(); }
};

template <class Read>
inline constexpr bool is_reader = std::is_invocable_r_v<std::int64_t, std::decay_t<Read> &, char *, std::size_t>;

/* What takes the body of a response, after its head. */
template <class Head, class Write> struct sink {
    Head head;
    Write write;

    static std::int32_t on_head(void *self, const httpc_response *head) noexcept
    {
        return static_cast<sink *>(self)->head(response(httpc_response_ref(head)));
    }
    static std::int32_t on_write(void *self, const void *bytes, std::size_t size) noexcept
    {
        return static_cast<sink *>(self)->write(std::string_view(static_cast<const char *>(bytes), size));
    }
};

template <class Write>
inline constexpr bool is_writer = std::is_invocable_r_v<std::int32_t, std::decay_t<Write> &, std::string_view>;

/* The part of a request that is about its body. */
template <class Self> class bodies : public options<Self, httpc_request, httpc_request_free>
{
    using base = options<Self, httpc_request, httpc_request_free>;

  public:
    using base::base;

    /**
     * `read` is called as std::int64_t(char *buffer, std::size_t size), as a httpc_read_fn. It is moved to the heap, and destroyed
     * when neither the request nor a call uses it any more. It must not throw (std::terminate). `length` nullopt: unknown.
     */
    template <class Read, std::enable_if_t<is_reader<Read>, int> = 0>
    Self &body_source(const text &content_type, Read &&read, std::optional<std::uint64_t> length = std::nullopt)
    {
        const auto no_rewind = [] { return 0; };
        using held = source<std::decay_t<Read>, decltype(no_rewind)>;
        auto *made = new held{std::forward<Read>(read), no_rewind};
        return this->set(httpc_request_set_body_source, content_type.c_str(), &held::on_read, nullptr,
                         length.value_or(HTTPC_UNSET), made, drop<held>);
    }
    /** With a way back to the first byte: `rewind` is called as std::int32_t(), as a httpc_rewind_fn. */
    template <class Read, class Rewind,
              std::enable_if_t<is_reader<Read> && std::is_invocable_r_v<std::int32_t, std::decay_t<Rewind> &>, int> = 0>
    Self &body_source(const text &content_type, Read &&read, Rewind &&rewind,
                      std::optional<std::uint64_t> length = std::nullopt)
    {
        using held = source<std::decay_t<Read>, std::decay_t<Rewind>>;
        auto *made = new held{std::forward<Read>(read), std::forward<Rewind>(rewind)};
        return this->set(httpc_request_set_body_source, content_type.c_str(), &held::on_read, &held::on_rewind,
                         length.value_or(HTTPC_UNSET), made, drop<held>);
    }
    Self &body_file(const text &content_type, const text &path) noexcept
    {
        return this->set(httpc_request_set_body_file, content_type.c_str(), path.c_str());
    }
    /** Not copied: `bytes` must outlive the request and its calls. */
    Self &body_borrowed(const text &content_type, std::string_view bytes) noexcept
    {
        return this->set(httpc_request_set_body_borrowed, content_type.c_str(), bytes.data(), bytes.size(), nullptr,
                         nullptr);
    }
    Self &add_form(const text &name, const text &value) noexcept
    {
        return this->set(httpc_request_add_form, name.c_str(), value.c_str());
    }
    Self &add_part(const text &name, const text &value) noexcept
    {
        return this->set(httpc_request_add_part, name.c_str(), value.c_str());
    }
    Self &add_part_bytes(const text &name, const text &filename, const text &content_type,
                         std::string_view bytes) noexcept
    {
        return this->set(httpc_request_add_part_bytes, name.c_str(), filename.c_str(), content_type.c_str(),
                         bytes.data(), bytes.size());
    }
    Self &add_part_file(const text &name, const text &path, const text &filename = nullptr,
                        const text &content_type = nullptr) noexcept
    {
        return this->set(httpc_request_add_part_file, name.c_str(), path.c_str(), filename.c_str(),
                         content_type.c_str());
    }
    /** `progress` is called as std::int32_t(const transferred &); otherwise as in body_source(). */
    template <class Progress,
              std::enable_if_t<std::is_invocable_r_v<std::int32_t, std::decay_t<Progress> &, const transferred &>, int> = 0>
    Self &progress(Progress &&progress)
    {
        using held = std::decay_t<Progress>;
        const auto tell = [](void *self, std::uint64_t uploaded, std::uint64_t upload_total, std::uint64_t downloaded,
                             std::uint64_t download_total) noexcept -> std::int32_t {
            return (*static_cast<held *>(self))(
                transferred{uploaded, known(upload_total), downloaded, known(download_total)});
        };
        return this->set(httpc_request_set_progress, tell, new held(std::forward<Progress>(progress)), drop<held>);
    }
    /**
     * Where the body of the response goes: `write` is called as std::int32_t(std::string_view bytes), as a httpc_write_fn; otherwise
     * as in body_source().
     */
    template <class Write, std::enable_if_t<is_writer<Write>, int> = 0> Self &body_sink(Write &&write)
    {
        const auto no_head = [](const response &) { return 0; };
        using held = sink<decltype(no_head), std::decay_t<Write>>;
        auto *made = new held{no_head, std::forward<Write>(write)};
        return this->set(httpc_request_set_body_sink, nullptr, &held::on_write, made, drop<held>);
    }
    /** After its head: `head` is called as std::int32_t(const response &), as a httpc_head_fn. */
    template <class Head, class Write,
              std::enable_if_t<is_writer<Write> && std::is_invocable_r_v<std::int32_t, std::decay_t<Head> &, const response &>,
                               int> = 0>
    Self &body_sink(Head &&head, Write &&write)
    {
        using held = sink<std::decay_t<Head>, std::decay_t<Write>>;
        auto *made = new held{std::forward<Head>(head), std::forward<Write>(write)};
        return this->set(httpc_request_set_body_sink, &held::on_head, &held::on_write, made, drop<held>);
    }
    Self &body_file_sink(const text &path) noexcept { return this->set(httpc_request_set_body_file_sink, path.c_str()); }
    /** `on_event` is called as std::int32_t(const sse_event &), as a httpc_event_fn; otherwise as in body_source(). */
    template <class OnEvent,
              std::enable_if_t<std::is_invocable_r_v<std::int32_t, std::decay_t<OnEvent> &, const sse_event &>, int> = 0>
    Self &event_sink(OnEvent &&on_event)
    {
        using held = std::decay_t<OnEvent>;
        const auto tell = [](void *self, const httpc_sse_event *event) noexcept -> std::int32_t {
            std::size_t type_size = 0, data_size = 0;
            const char *type = httpc_sse_event_type(event, &type_size);
            const char *data = httpc_sse_event_data(event, &data_size);
            return (*static_cast<held *>(self))(
                sse_event{{type, type_size}, {data, data_size}, httpc_sse_event_id(event)});
        };
        return this->set(httpc_request_set_event_sink, tell, new held(std::forward<OnEvent>(on_event)), drop<held>);
    }
    /** After `pause` where the server has not said so. */
    Self &event_reconnect(bool on, std::chrono::milliseconds pause = std::chrono::seconds(3)) noexcept
    {
        return this->set(httpc_request_set_event_reconnect, static_cast<std::int32_t>(on), option_ms(pause));
    }
    Self &max_event(std::uint64_t bytes) noexcept { return this->set(httpc_request_set_max_event, bytes); }
    /** Takes the progress function away. */
    Self &progress(std::nullptr_t) noexcept
    {
        return this->set(httpc_request_set_progress, nullptr, nullptr, nullptr);
    }
};

} // namespace detail
} // namespace httpclient

#endif
