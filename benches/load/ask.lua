-- POST of a demo request by each lead of the file VALUES in turn: scored, categorised, routed and offered.
dofile("benches/load/report.lua")
local run, leads, at = os.getenv("RUN"), lines_of(os.getenv("VALUES")), 0
-- Each run begins where others did not.
local first = tonumber(os.getenv("FIRST"))

function request()
  at = at + 1
  local lead = leads[(first + at - 1) % #leads + 1]
  local body = string.format("kind=demo_request&occurred_at=%s&key=bench-%s-%d", encoded(os.getenv("NOW")), run, at)
  return wrk.format("POST", "/leads/" .. lead .. "/events", form_headers, body)
end
