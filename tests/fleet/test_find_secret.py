"""An event about a secret: its own tags say which account it is of, and nothing lists the fleet for it."""

from lab.simulation.stage import Stage, a_stage

ON = {"key-rotation": "on"}


async def a_published_stage() -> Stage:
    stage = a_stage(tagged=True)
    stage.account.tags = dict(ON)
    await stage.tick()
    return stage


async def found_in(stage: Stage, vault: str, secret: str) -> tuple[str | None, list[str]]:
    """Return the name of the target that is found, and the calls that it took."""
    rotation = stage.rotation()
    runner = stage.last_runner
    assert runner is not None
    found = await rotation.fleet.find_secret(vault, secret)
    return found.target.name if found else None, [call.operation for call in runner.calls]


async def test_a_published_target_is_found_with_four_calls_of_which_the_last_two_show_whose_secret_it_is() -> None:
    stage = await a_published_stage()
    calls = ["kv.listVersions", "arm.getAccount", "kv.getSecret", "arm.listKeys"]
    assert await found_in(stage, "keys", stage.target.secret.upper()) == (stage.target.name, calls)


async def test_a_secret_of_a_vault_that_no_setting_names_costs_no_call() -> None:
    stage = await a_published_stage()
    assert await found_in(stage, "somebody-elses", stage.target.secret) == (None, [])


async def test_a_secret_without_our_tags_costs_one_call() -> None:
    stage = await a_published_stage()
    assert await found_in(stage, "keys", "nobody-s") == (None, ["kv.listVersions"])


async def test_the_account_that_a_secret_names_must_publish_there() -> None:
    """A tag of the secret is a claim. Only the account's own enrolment decides where its key goes."""
    stage = await a_published_stage()
    vault = stage.world.vaults["keys"]
    vault.set_secret("another", "a value", tags={"ProviderAddress": str(stage.target.account)})
    assert (await found_in(stage, "keys", "another"))[0] is None


async def test_a_target_of_the_settings_is_found_without_a_call() -> None:
    stage = a_stage()
    assert await found_in(stage, "keys", stage.target.secret) == (stage.target.name, [])
