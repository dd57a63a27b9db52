# One image for API, worker and migrations: docker run xsender api | worker | migrate
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/xsender
COPY requirements/production.txt /src/requirements/production.txt
RUN /opt/xsender/bin/pip install --no-deps --require-hashes --only-binary :all: -r /src/requirements/production.txt
COPY . /src
RUN /opt/xsender/bin/pip install --no-deps --no-build-isolation /src \
    && /opt/xsender/bin/pip uninstall --yes setuptools pip

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin xsender
COPY --from=build /opt/xsender /opt/xsender
ENV PATH=/opt/xsender/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    XSENDER_API_HOST=0.0.0.0 XSENDER_LOG_JSON=true
USER xsender
EXPOSE 8000
ENTRYPOINT ["xsender"]
CMD ["api"]
