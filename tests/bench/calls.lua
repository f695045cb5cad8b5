-- Calls of a service for wrk: wrk -t1 … -s calls.lua URL -- CALL RUN KNOWN
-- The last line that is printed is JSON. RUN tells the keys that are put, or asked for all over, from
-- those of other runs; so many are KNOWN.

local keys, keys_a_call = 10000, 64
local flyte = "/flyteidl2.cacheservice.v2.CacheService/"

local function varint(number)
  local bytes = ""
  while number > 127 do
    bytes = bytes .. string.char(number % 128 + 128)
    number = math.floor(number / 128)
  end
  return bytes .. string.char(number)
end

-- A member of a protobuf message.
local function field(number, content)
  return string.char(number * 8 + 2) .. varint(#content) .. content
end

local scope = field(1, "org") .. field(2, "project") .. field(3, "development")

local function key(kind, number)
  return string.format("%044d-aaaaaaaa-bbbbbbbb-%043d-1.0", kind, number)
end

local function base_request(call, base)
  return wrk.format("POST", flyte .. call, nil, field(1, base) .. field(2, scope))
end

local function entry(number)
  local source = field(2, "project") .. field(3, "development") ..
                 field(4, "workflows.training.train_model") .. field(5, "v1") .. field(6, "org")
  local function value(name, text) return field(1, field(1, name) .. field(2, text)) end
  local metadata = field(1, source) ..
                   field(2, value("execution-name", "e") .. value("exec-node", "n0"))
  return field(2, string.format("s3://bucket/metadata/run-%d/outputs.pb", number)) ..
         field(3, metadata)
end

local calls = {}

function calls.get(number) return base_request("Get", field(1, key(7, number))) end

function calls.miss(number) return base_request("Get", field(1, key(8, number))) end

function calls.get_json(number)
  local body = string.format('{"baseRequest":{"key":"%s"},"identifier":' ..
                             '{"org":"org","project":"project","domain":"development"}}',
                             key(7, number))
  return wrk.format("POST", flyte .. "Get", {["Content-Type"] = "application/json",
                                             Host = wrk.headers.Host}, body)
end

function calls.reserve(number)
  return base_request("GetOrExtendReservation", field(1, key(9, number)) .. field(2, "owner"))
end

function calls.bulk_get(number)
  local body = {}
  for at = 0, keys_a_call - 1 do
    body[at] = field(1, scope .. field(4, key(7, (number * keys_a_call + at) % keys)))
  end
  return wrk.format("POST", "/deja.v1.CacheService/Get", nil, table.concat(body, "", 0))
end

local run, known

-- Any of all keys.
function calls.get_any(number) return calls.get((number * 7919 + run * 104729) % known) end

function calls.put(number)
  local key = string.format("put-%d-%043d-aaaaaaaa-bbbbbbbb-%043d-1.0", run, number, number)
  return base_request("Put", field(1, key) .. field(2, entry(number)))
end

-- So many different requests; of other calls, one a key.
local requests = {bulk_get = 500, get_any = 300000}

function init(arguments)
  local make = calls[arguments[1]]
  run, known = tonumber(arguments[2]), tonumber(arguments[3])
  wrk.headers["Content-Type"] = "application/proto"
  local next_number = -1
  if make == calls.put then
    request = function()
      next_number = next_number + 1
      return make(next_number)
    end
    return
  end
  local made, count = {}, requests[arguments[1]] or keys
  for number = 0, count - 1 do
    made[number] = make(number)
  end
  request = function()
    next_number = (next_number + 1) % count
    return made[next_number]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"rate": %f, "p99_ms": %f, "requests": %d, "failed": %d, "broken": %d}\n',
                         summary.requests / summary.duration * 1e6, latency:percentile(99) / 1e3,
                         summary.requests, errors.status,
                         errors.connect + errors.read + errors.write + errors.timeout))
end
