-- POST of "claim next" by each of the reps whose sessions the file VALUES holds, in turn.
dofile("benches/load/report.lua")
local sessions, at = lines_of(os.getenv("VALUES")), 0

function request()
  at = at % #sessions + 1
  form_headers["Cookie"] = sessions[at]
  return wrk.format("POST", "/claim-next", form_headers, "queue=")
end
