"""What people look at: tables → report, figures, terminal, MLflow. Each can be deleted and made again."""
