-- One line with what wrk measured: requests, seconds, median and 99th percentile in milliseconds, failures.
-- A failure is an answer of 400 and above, a broken connection or one that timed out.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %.3f %.3f %.3f %d\n", summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end

-- The lines of a file, in their order.
function lines_of(name)
  local found = {}
  for line in io.lines(name) do found[#found + 1] = line end
  assert(#found > 0, name .. " is empty")
  return found
end

function encoded(text)
  return (text:gsub("[^%w%-._~]", function(char) return string.format("%%%02X", char:byte()) end))
end

form_headers = { ["Cookie"] = os.getenv("COOKIE"), ["Content-Type"] = "application/x-www-form-urlencoded" }
