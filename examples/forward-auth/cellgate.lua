-- Asks Cellgate whether the request of a transaction may pass, and who sent it.

local CELLGATE = "http://127.0.0.1:9480/.forward-auth"

-- Who asks: all of these from Cellgate's answer, none from the client.
local IDENTITY = {
    "x-auth-request-user",
    "x-auth-request-email",
    "x-auth-request-preferred-username",
    "x-auth-request-groups",
    "x-forwarded-user",
    "remote-user",
    "remote-email",
    "remote-name",
    "remote-groups",
}

-- What is about the connection to the client, or is said by this script.
local NOT_ASKED = {
    ["connection"] = true,
    ["content-length"] = true,
    ["expect"] = true,
    ["host"] = true,
    ["keep-alive"] = true,
    ["te"] = true,
    ["transfer-encoding"] = true,
    ["upgrade"] = true,
}

-- The first value of a header; HAProxy counts from 0 or from 1.
local function first(values)
    return values and (values[0] or values[1])
end

local function question(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not NOT_ASKED[name] and name:sub(1, 12) ~= "x-forwarded-" then
            headers[name] = {}
            for _, value in pairs(values) do
                table.insert(headers[name], value)
            end
        end
    end
    headers["x-forwarded-method"] = { txn.f:method() }
    headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
    headers["x-forwarded-host"] = { txn.f:req_hdr("host") }
    headers["x-forwarded-uri"] = { txn.f:pathq() }
    headers["x-forwarded-for"] = { txn.f:src() }
    return headers
end

-- Passes a refusal on as it is.
local function refuse(txn, answer)
    local reply = txn:reply({ status = answer.status })
    for name, values in pairs(answer.headers) do
        if not NOT_ASKED[name] then
            for _, value in pairs(values) do
                reply:add_header(name, value)
            end
        end
    end
    reply:set_body(answer.body or "")
    txn:done(reply)
end

core.register_action("cellgate", { "http-req" }, function(txn)
    local asked, answer = pcall(function()
        return core.httpclient():get({ url = CELLGATE, headers = question(txn) })
    end)
    -- Whoever cannot be asked lets nobody pass.
    if not asked or not answer or not answer.status or answer.status < 200 then
        txn:done(txn:reply({ status = 503 }))
    elseif answer.status >= 300 then
        refuse(txn, answer)
    else
        for _, name in ipairs(IDENTITY) do
            local value = first(answer.headers[name])
            if value and value ~= "" then
                txn.http:req_set_header(name, value)
            else
                txn.http:req_del_header(name)
            end
        end
    end
end)
