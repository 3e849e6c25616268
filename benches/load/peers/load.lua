-- wrk's part: arguments behind `--` are post=BYTES (send a body) and clients=NUMBER (as many addresses in X-Forwarded-For).
-- At the end one line of JSON.

local clients = 0

function init(args)
    for _, arg in ipairs(args) do
        local key, value = arg:match("(%w+)=(%d+)")
        if key == "post" then
            wrk.method = "POST"
            wrk.body = string.rep("x", tonumber(value))
            wrk.headers["Content-Type"] = "application/octet-stream"
        elseif key == "clients" then
            clients = tonumber(value)
        end
    end
    prepared = {}
    for number = 0, math.max(clients, 1) - 1 do
        if clients > 0 then
            wrk.headers["X-Forwarded-For"] = string.format("203.%d.%d.%d", number % 7, number / 250 % 250, number % 250 + 1)
        end
        prepared[number] = wrk.format()
    end
    turn = 0
end

function request()
    turn = (turn + 1) % math.max(clients, 1)
    return prepared[turn]
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        '\nRESULT {"requests":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,"failed":%d,"kinds":"connect %d, read %d, write %d, status %d, timeout %d"}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
