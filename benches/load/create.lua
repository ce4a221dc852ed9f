-- POST of a new lead with an address that nobody has. RUN keeps runs apart.
dofile("benches/load/report.lua")
local run, at = os.getenv("RUN"), 0
local countries = { "Germany", "France", "Spain", "Norway", "Japan", "Brazil" }

function request()
  at = at + 1
  local body = string.format("name=Robin+Bench+%d&email=robin.%s.%d%%40bench.example&title=Head+of+Operations&seniority=director"
    .. "&company=Bench+%d&industry=Software&employees=%d&country=%s&source=webinar&may_store=true&may_contact=true",
    at, run, at, at % 500, 10 + at % 2000, countries[at % #countries + 1])
  return wrk.format("POST", "/leads", form_headers, body)
end
