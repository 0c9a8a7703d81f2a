-- "I build Azure's clients from Lua; what they cannot reach or refuse is told."
-- The exchanges themselves run through the same core in tests/python/test_azure.py and tests/rust/azure_*.rs.

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local azure = cmgateway.azure
local SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
local NOBODY = { resource_manager_url = "http://localhost:1", key_vault_url = "http://localhost:1", tries = 1 }

function tests.credentials_show_their_kind_only()
    local made = assert(azure.make_management_certificate("CMG", { days = 30 }))
    kit.contains(azure.access_token("s3cret"), "a token")
    kit.contains(azure.client_secret("t", "c", "s3cret"), "a client secret")
    kit.contains(azure.client_certificate("t", "c", made.certificate, made.private_key), "a client certificate")
    kit.contains(azure.managed_identity({ client_id = "c" }), "a managed identity")
    kit.contains(azure.azure_cli(), "az login")
    kit.raises("unknown option 'tenant'", azure.azure_cli, { tenant = "t" })
end

function tests.a_manager_that_reaches_nobody()
    local manager = assert(azure.resource_manager(SUBSCRIPTION, azure.access_token("t"), NOBODY))
    kit.equal(manager.subscription_id, SUBSCRIPTION)
    kit.equal(manager:group_path("rg"), "/subscriptions/" .. SUBSCRIPTION .. "/resourceGroups/rg")
    kit.fails("unavailable", manager:get("/x", "1"))
    kit.fails("unavailable", manager:put("/x", "1", { tags = {}, list = { 1, 2 }, none = cmgateway.null }))
    kit.fails("config", manager:put("/x", "1", "{"))
    kit.fails("config", manager:get("x", "1"))
    kit.raises("a function has no place in JSON", manager.put, manager, "/x", "1", { f = print })
    local operation = assert(manager:resume(
        '{"operation":"put x","method":"PUT","url":"http://localhost:1/x","ask":"resource"}'
    ))
    kit.equal(operation.is_over, false)
    kit.contains(assert(operation:to_json()), '"ask":"resource"')
    kit.fails("unavailable", operation:poll())
    kit.fails("config", manager:resume("{}"))
end

function tests.vaults_and_the_classic_api()
    local vault = assert(azure.key_vault("granite", azure.access_token("t"), NOBODY))
    kit.equal(vault.url, "https://granite.vault.azure.net")
    kit.fails("unavailable", vault:certificate("server"))
    kit.fails("config", azure.key_vault("x", azure.access_token("t")))
    local made = assert(azure.make_management_certificate())
    local again = azure.management_certificate(made.certificate, made.private_key)
    local classic = assert(azure.service_management(SUBSCRIPTION, {
        certificate = again, service_management_url = "https://localhost:1", tries = 1,
    }))
    kit.fails("unavailable", classic:hosted_services())
    kit.fails("unavailable", classic:deployment("granite", "Staging"))
    kit.raises("option 'label' to 'create_hosted_service' is missing", classic.create_hosted_service, classic, "n", {})
    kit.raises("allowed: Running, Suspended", classic.update_deployment_status, classic, "n", nil, { status = "x" })
    kit.fails("config", azure.service_management(SUBSCRIPTION))
end

function tests.wrong_options_are_told()
    local token = azure.access_token("t")
    kit.raises("unknown option 'url'", azure.resource_manager, SUBSCRIPTION, token, { url = "x" })
    kit.fails("config", azure.resource_manager(SUBSCRIPTION, token, { tries = 0 }))
    kit.fails("config", azure.resource_manager("1", token))
    kit.raises("Credential expected", azure.resource_manager, SUBSCRIPTION, "t")
end

return tests
