# The same image serves pages, runs jobs and schedules; docker-compose.yml says which.
FROM python:3.12-slim

# git reads projects; tini passes signals on and collects what a migration leaves behind.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git openssh-client tini \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=config.settings
COPY requirements.txt requirements-uv.txt ./
COPY script/bootstrap script/
RUN script/bootstrap && rm -rf /root/.cache .cache
COPY . .

RUN useradd --system --uid 10001 --home-dir /data dashboard && install --directory --owner=dashboard --mode=700 /data
USER dashboard
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn", "config.wsgi", "--preload", "--worker-class=gthread", "--workers=2", "--threads=8", "--bind=0.0.0.0:8000", \
     "--graceful-timeout=30", "--timeout=60", "--worker-tmp-dir=/dev/shm", "--log-level=warning"]
