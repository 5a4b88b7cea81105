-- load.lua - wrk posts an AdmissionReview and prints one line: requests/s p50_us p99_us requests failed
-- wrk -s load.lua URL -- FILE keep|close
function init(args)
	local file = assert(io.open(args[1], "rb"))
	wrk.method = "POST"
	wrk.body = file:read("*a")
	wrk.headers["Content-Type"] = "application/json"
	if args[2] == "close" then
		wrk.headers["Connection"] = "close"
	end
	file:close()
	request_text = wrk.format()
end

function request()
	return request_text
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format("result %.0f %d %d %d %d\n", summary.requests / summary.duration * 1e6, latency:percentile(50),
		latency:percentile(99), summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
