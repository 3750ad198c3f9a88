"""What the rooms have written is told in the reader's language on pages, and stays English in rows and in the API."""

from django.test import Client

from accounts import services as accounts
from accounts.models import User
from notices import services as notices
from notices.models import Notice

TEXT = "Job 7 failed: upgrade shop/prod, 3 steps; the database is unchanged."


def test_row_and_refusal_are_told_on_pages_and_english_elsewhere(client: Client, admin: User) -> None:
    notices.tell("job_failed", text=TEXT, url="/jobs/7/", people=[admin])
    accounts.set_preferences(admin, language="ru")

    page = client.get("/notices/").content.decode()
    refused = client.post("/account/", {"theme": "loud"})
    _, token = accounts.create_token(admin, by=admin, name="ci")
    answer = Client().get("/api/v1/jobs/4711", headers={"Accept-Language": "ru", "Authorization": f"Bearer {token}"}).json()

    assert "Задание 7 не выполнено: обновление shop/prod, 3 шага; база: без изменений." in page
    assert "Задание не выполнено" in page
    assert "Такой темы нет." in refused.content.decode()
    assert answer["detail"] == "There is no job '4711'."
    assert Notice.objects.get().text == TEXT
