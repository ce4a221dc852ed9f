-- GET of PREFIX followed by each line of the file VALUES in turn.
dofile("benches/load/report.lua")
local prefix, values, at = os.getenv("PREFIX"), lines_of(os.getenv("VALUES")), 0
local headers = { ["Cookie"] = os.getenv("COOKIE") }

function request()
  at = at % #values + 1
  return wrk.format("GET", prefix .. encoded(values[at]), headers)
end
