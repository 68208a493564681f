# RDS PostgreSQL: the only queue and the only truth. LISTEN needs a connection of its own that stays, so there is no RDS
# Proxy in between (it would pin each of them anyway), and dead clients' connections are found by keep-alives.

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = aws_subnet.database[*].id
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL, from the nodes and pods of the cluster alone"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  description                  = "From the cluster"
  referenced_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  from_port                    = 5432
  to_port                      = 5432
  ip_protocol                  = "tcp"
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres${split(".", var.database.version)[0]}"

  dynamic "parameter" {
    for_each = {
      "rds.force_ssl"                       = { value = "1", at = "immediate" }
      "max_connections"                     = { value = tostring(var.database.connections), at = "pending-reboot" }
      "tcp_keepalives_idle"                 = { value = "30", at = "immediate" } # a lost node's LISTENs end in a minute
      "tcp_keepalives_interval"             = { value = "10", at = "immediate" }
      "tcp_keepalives_count"                = { value = "3", at = "immediate" }
      "idle_in_transaction_session_timeout" = { value = "60000", at = "immediate" } # ms; our own clients ask for 15 s
      "statement_timeout"                   = { value = "0", at = "immediate" }     # clients set their own; migrations may be long
      "log_min_duration_statement"          = { value = "1000", at = "immediate" }  # ms
      "log_lock_waits"                      = { value = "1", at = "immediate" }
      # Events are many small rows that are deleted again: vacuum comes early.
      "autovacuum_vacuum_scale_factor"  = { value = "0.02", at = "immediate" }
      "autovacuum_analyze_scale_factor" = { value = "0.02", at = "immediate" }
    }
    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.at
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV2_AWS_69:rds.force_ssl is 1 in the parameter group, which the scan does not follow through a dynamic block.
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.database.version
  instance_class = var.database.instance_class
  db_name        = "prompt2mesh"
  username       = "p2m"

  # Read back from Secrets Manager, so that database and secret cannot differ; never in the state.
  password_wo         = ephemeral.aws_secretsmanager_secret_version.database.secret_string
  password_wo_version = local.database_password_version

  allocated_storage     = var.database.storage_gib
  max_allocated_storage = var.database.storage_max
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.data.arn

  multi_az               = var.database.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.database.backup_days # any point in time of these days can be had again
  backup_window             = "01:00-02:00"
  maintenance_window        = "sun:02:30-sun:03:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.keep_data
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"

  auto_minor_version_upgrade          = true
  iam_database_authentication_enabled = true
  performance_insights_enabled        = true
  performance_insights_kms_key_id     = aws_kms_key.data.arn
  enabled_cloudwatch_logs_exports     = ["postgresql", "upgrade"]
  monitoring_interval                 = 60
  monitoring_role_arn                 = aws_iam_role.database_monitoring.arn

  lifecycle {
    ignore_changes = [engine_version] # minor versions come by themselves; a major one is a decision (README)
  }
}

resource "aws_iam_role" "database_monitoring" {
  name               = "${var.name}-database-monitoring"
  assume_role_policy = data.aws_iam_policy_document.database_monitoring_trust.json
}

data "aws_iam_policy_document" "database_monitoring_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

resource "aws_iam_role_policy_attachment" "database_monitoring" {
  role       = aws_iam_role.database_monitoring.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
